// Walks the lines of a TOML text.
#include "load/toml_headers.h"

#include <algorithm>

#include "trace/error.h"

namespace thoplw {

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

}  // namespace thoplw
