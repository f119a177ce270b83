#include "cli/varied.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "base/formatted.h"

namespace thoplw::cli {
namespace {

constexpr auto kSizes = std::to_array<VariedSize>({
    {"batch", "a batch of ", &InputSizes::batch},
    {"seq", "a sequence of ", &InputSizes::seq},
    {"image", "an image of ", &InputSizes::image},
});

constexpr std::size_t kMostValues = 1 << 16;

std::int64_t number(std::string_view text, const std::string& all) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value >= 0) return value;
  throw Error(formatted("--vary {}: values are such as batch=1..8, image=224..512:32 or width=16,32,64", all));
}

/// "8..64" or "224..512:32", both ends included.
std::vector<std::int64_t> range(std::string_view text, std::size_t dots, const std::string& all) {
  const std::size_t colon = text.find(':', dots);
  const std::int64_t first = number(text.substr(0, dots), all);
  const std::int64_t last = number(text.substr(dots + 2, colon - dots - 2), all);
  const std::int64_t step = colon == text.npos ? 1 : std::max<std::int64_t>(1, number(text.substr(colon + 1), all));
  std::vector<std::int64_t> values;
  for (std::int64_t value = first; value <= last && values.size() < kMostValues; value += step) values.push_back(value);
  return values;
}

std::vector<std::int64_t> values_of(std::string_view text, const std::string& all) {
  if (const std::size_t dots = text.find(".."); dots != text.npos) return range(text, dots, all);
  std::vector<std::int64_t> values;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    values.push_back(number(text.substr(at, end - at), all));
    at = end + 1;
  }
  return values;
}

}  // namespace

std::span<const VariedSize> varied_sizes() { return kSizes; }

const VariedSize* find_varied_size(std::string_view name) {
  const auto* found = std::ranges::find(kSizes, name, &VariedSize::name);
  return found == kSizes.end() ? nullptr : found;
}

const SymbolicSize* find_size(std::span<const SymbolicSize> sizes, std::string_view name) {
  const auto found = [&](const auto& is) {
    const auto at = std::ranges::find_if(sizes, is);
    return at == sizes.end() ? nullptr : &*at;
  };
  if (const auto* named = found([&](const SymbolicSize& size) { return size.name == name; })) return named;
  if (const auto* there = found([&](const SymbolicSize& size) { return size.place == name; })) return there;
  const std::string_view suffix = name == "batch" ? ".0" : name == "seq" ? ".1" : "";
  if (suffix.empty()) return nullptr;
  return found([&](const SymbolicSize& size) { return size.place.ends_with(suffix); });
}

std::string name_in_file(std::span<const SymbolicSize> sizes, const std::string& name) {
  const SymbolicSize* size = find_size(sizes, name);
  return size && size->place != name ? size->name : name;
}

Variable varied_in_file(const std::string& text, std::span<const SymbolicSize> sizes) {
  constexpr std::int64_t kValues = 8;
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals != text.npos) return {.name = name, .values = values_of(std::string_view(text).substr(equals + 1), text)};
  const SymbolicSize* size = find_size(sizes, name);
  if (!size) {
    std::string known;
    for (const SymbolicSize& open : sizes) {
      known += formatted("{}{}{}", known.empty() ? "" : ", ", open.name,
                         open.place.empty() || open.place == open.name ? "" : formatted(" ({})", open.place));
    }
    throw Error(known.empty() ? formatted("--vary {}: all sizes of this file are fixed", name)
                              : formatted("--vary {}: this file has no such size; it has {}", name, known));
  }
  Variable variable{.name = name, .values = {}};
  const std::int64_t last = std::min(size->most.value_or(size->least + kValues), size->least + kValues - 1);
  for (std::int64_t value = size->least; value <= last; ++value) variable.values.push_back(value);
  return variable;
}

Variable varied(const std::string& text, bool in_training) {
  const std::size_t equals = text.find('=');
  const std::string name = text.substr(0, equals);
  if (equals != text.npos) return {.name = name, .values = values_of(std::string_view(text).substr(equals + 1), text)};
  if (name == "batch") return {.name = name, .values = values_of(in_training ? "2..9" : "1..8", text)};
  if (name == "seq") return {.name = name, .values = values_of("8..64", text)};
  throw Error(formatted("say which values {0} has, such as --vary {0}=224..512:32", name));
}

}  // namespace thoplw::cli
