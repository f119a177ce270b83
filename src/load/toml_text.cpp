// Parses TOML, in one place: it takes long to compile.
#include "load/toml_text.h"

#include <algorithm>

#include "trace/error.h"

namespace thoplw {
namespace {

/// toml++ 3 takes for granted that the name of a table follows its "[", and does anything where a comment does.
void check_table_headers(const std::string& path, std::string_view text) {
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t open = line.find_first_not_of(" \t");
    if (open == std::string_view::npos || line[open] != '[') continue;
    const std::size_t name = line.find_first_not_of(" \t[", open);
    if (name == std::string_view::npos || line[name] != '#') continue;
    throw Error(path + ":" + std::to_string(number) + ": a table has no name");
  }
}

}  // namespace

toml::table parse_toml(const std::string& path, std::string_view text) {
  check_table_headers(path, text);
  try {
    return toml::parse(text, path);
  } catch (const toml::parse_error& error) {
    throw Error(path + ":" + std::to_string(error.source().begin.line) + ": " + std::string(error.description()));
  }
}

}  // namespace thoplw
