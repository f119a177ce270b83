// Keeps rows, and adds up those that are left out by the nearest module around them that is kept.
#include "render/kept_rows.h"

#include <algorithm>

#include "report/names.h"

namespace thoplw {
namespace {

/// By row: is it the root, or shown, or is something inside it?
std::vector<bool> with_around(const std::vector<Row>& rows, std::vector<bool> shown) {
  for (std::size_t i = rows.size(); i-- > 1;) {
    if (shown[i]) shown[static_cast<std::size_t>(rows[i].parent)] = true;
  }
  if (!shown.empty()) shown.front() = true;
  return shown;
}

}  // namespace

std::vector<KeptRow> kept_rows(const std::vector<Row>& rows, const std::vector<bool>& shown, const CountsRow& counts) {
  const std::vector<bool> keep = with_around(rows, shown);
  std::vector<KeptRow> kept;
  kept.reserve(static_cast<std::size_t>(std::ranges::count(keep, true)));
  std::vector<std::size_t> now_at;  // by row: its place among the kept rows, or that of the nearest around it
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    KeptRow* around = row.parent == kNone ? nullptr : &kept[now_at[static_cast<std::size_t>(row.parent)]];
    if (around && keep[static_cast<std::size_t>(row.parent)]) ++around->children;
    if (!keep[i]) {
      if (counts(row)) around->leave_out(row);
      now_at.push_back(now_at[static_cast<std::size_t>(row.parent)]);
      continue;
    }
    std::string name = around ? std::string(own_name(row.path, around->row->path)) : "";
    const Id parent = around ? static_cast<Id>(around - kept.data()) : kNone;
    now_at.push_back(kept.size());
    kept.push_back({.row = &row, .parent = parent, .name = std::move(name), .shown = shown[i], .at = i});
  }
  return kept;
}

}  // namespace thoplw
