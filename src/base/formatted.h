// Builds text. fmt is header-only here, and all that it instantiates for a format would be compiled into every file
// that has one: most of the time that such a file takes. So that is in one place.
#pragma once

#include <fmt/format.h>

#include <string>

namespace thoplw {

std::string formatted_by(fmt::string_view format, fmt::format_args args);

/// formatted("{} of {}", 1, 2) -> "1 of 2": what fmt::format does, checked when it is compiled as that is.
template <typename... Args>
std::string formatted(fmt::format_string<Args...> format, Args&&... args) {
  return formatted_by(format, fmt::make_format_args(args...));
}

}  // namespace thoplw
