// A convention with the text of its file, so that it can be opened where that file is not.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>
#include <string>

#include "conventions/convention.h"

namespace thoplw {

struct ConventionSource {
  std::string name;                 ///< of one of ours, or the path of a TOML file
  std::optional<std::string> text;  ///< of that file
};

/// Throws Error where the file cannot be read.
ConventionSource source_of(const std::string& name_or_path);

/// Throws Error where there is no such convention, or the file is wrong.
std::shared_ptr<const Convention> opened(const ConventionSource& source);

/// As pickles hold it: name and text.
nanobind::tuple to_state(const ConventionSource& source);
ConventionSource source_from(nanobind::handle state);

}  // namespace thoplw
