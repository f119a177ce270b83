// TOML as users write it, parsed.
#pragma once

#include <string>
#include <string_view>

#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

namespace thoplw {

/// `path` is for messages. Throws Error("pyproject.toml:7: why").
toml::table parse_toml(const std::string& path, std::string_view text);

}  // namespace thoplw
