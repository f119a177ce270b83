// Cuts paths.
#include "report/names.h"

namespace thoplw {

std::string_view own_name(std::string_view path, std::string_view around) {
  const bool inside = !around.empty() && path.starts_with(around) && path.substr(around.size()).starts_with('.');
  return inside ? path.substr(around.size() + 1) : path;
}

std::string_view own_name(const Row& row, const std::vector<Row>& rows) {
  return row.parent == kNone ? row.path : own_name(row.path, rows[static_cast<std::size_t>(row.parent)].path);
}

}  // namespace thoplw
