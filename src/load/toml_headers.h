// What must be looked at before toml++ reads a text.
#pragma once

#include <string>
#include <string_view>

namespace thoplw {

/// toml++ 3 takes for granted that the name of a table follows its "[", and does anything where a comment does.
/// Throws Error("pyproject.toml:7: a table has no name").
void check_table_headers(const std::string& path, std::string_view text);

}  // namespace thoplw
