// Reads the file of a convention once, and keeps its text for pickles.
#include "python/convention_source.h"

#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>

#include "conventions/convention_file.h"
#include "python/values.h"

namespace nb = nanobind;

namespace thoplw {

ConventionSource source_of(const std::string& name_or_path) { return {name_or_path, convention_text(name_or_path)}; }

std::shared_ptr<const Convention> opened(const ConventionSource& source) {
  return source.text ? parse_convention(source.name, *source.text) : open_convention(source.name);
}

nb::tuple to_state(const ConventionSource& source) {
  return nb::make_tuple(source.name, source.text ? nb::object(to_bytes(*source.text)) : nb::none());
}

ConventionSource source_from(nb::handle state) {
  const auto [name, text] = nb::cast<std::pair<std::string, nb::object>>(state);
  ConventionSource source{name, std::nullopt};
  if (!text.is_none()) source.text = from_bytes(text);
  return source;
}

}  // namespace thoplw
