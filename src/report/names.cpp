// Cuts paths.
#include "report/names.h"

namespace thoplw {

std::string_view own_name(const Row& row, const std::vector<Row>& rows) {
  const std::string_view path = row.path;
  if (row.parent == kNone) return path;
  const std::string& around = rows[static_cast<std::size_t>(row.parent)].path;
  const bool inside = !around.empty() && path.starts_with(around) && path.substr(around.size()).starts_with('.');
  return inside ? path.substr(around.size() + 1) : path;
}

}  // namespace thoplw
