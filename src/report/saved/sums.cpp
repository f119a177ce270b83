// Holds a saved report against itself.
#include "report/saved/sums.h"

#include <algorithm>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::saved {
namespace {

constexpr int kDeepest = 1000;  ///< as in the text of a trace

[[noreturn]] void fail_at(std::size_t row, const std::string& what) {
  throw Error(formatted("rows[{}]{}; the file is damaged or was edited: write it anew", row, what));
}

std::string wrong_sum(const Row& row, const Amounts& sum) {
  const auto wrong =
      std::ranges::find_if(all_measures(), [&](Measure measure) { return row.inside[measure] != sum[measure]; });
  return formatted(" ('{}'): subtree_{} is not what the rows inside add up to", row.path, row_of(*wrong).name);
}

/// What operators move is what the rows have, where both are known.
void check_moves(const Report& report) {
  if (report.moves.empty()) return;
  Amounts all;
  for (const OpMoves& op : report.moves) all += op.own;
  for (const Measure measure : moved_measures()) {
    if (!report.has(measure) || all[measure] == report.total[measure]) continue;
    throw Error(formatted("moves: they do not add up to total.{}; the file is damaged or was edited: write it anew",
                          row_of(measure).name));
  }
}

}  // namespace

std::vector<Row> in_tree_order(std::vector<Row> rows) {
  std::vector<std::vector<std::size_t>> inside(rows.size());
  std::vector<std::size_t> open;
  bool ordered = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto parent = static_cast<std::size_t>(rows[i].parent);
    if (rows[i].parent == kNone) {
      if (!open.empty()) fail_at(i, ".parent: there is one module without a parent, and this is the second");
      open.push_back(i);
    } else if (parent >= rows.size()) {
      fail_at(i, formatted(".parent: there is no row {}", parent));
    } else {
      inside[parent].push_back(i);
    }
    ordered = ordered && (i == 0 ? rows[i].parent == kNone : parent < i);
  }
  if (ordered) return rows;
  std::vector<Row> sorted;
  std::vector<Id> now_at(rows.size(), kNone);
  while (!open.empty()) {
    const std::size_t i = open.back();
    open.pop_back();
    open.insert(open.end(), inside[i].rbegin(), inside[i].rend());
    now_at[i] = static_cast<Id>(sorted.size());
    Row& row = sorted.emplace_back(std::move(rows[i]));
    if (row.parent != kNone) row.parent = now_at[static_cast<std::size_t>(row.parent)];
  }
  const auto lost = static_cast<std::size_t>(std::ranges::find(now_at, kNone) - now_at.begin());
  if (lost < rows.size()) fail_at(lost, ".parent: no way leads from this module to the root");
  return sorted;
}

void check_sums(const Report& report) {
  Amounts total;
  bool exact = true;
  std::vector<Row> sums = report.rows;
  for (Row& row : sums) {
    row.inside = row.own;
    total += row.own;
    exact = exact && row.exact;
  }
  for (std::size_t i = sums.size(); i-- > 0;) {
    const Row& row = report.rows[i];
    if (sums[i].inside != row.inside) fail_at(i, wrong_sum(row, sums[i].inside));
    if (row.parent == kNone) continue;
    Row& around = sums[static_cast<std::size_t>(row.parent)];
    around.inside += sums[i].inside;
    if (row.depth > kDeepest) fail_at(i, formatted(".depth: modules are nested {} deep at most", kDeepest));
    if (row.depth != around.depth + 1) fail_at(i, ".depth: the module around it is not one less deep");
  }
  const auto check = [](std::string_view what, auto sum, auto total) {
    if (sum == total) return;
    throw Error(formatted("total.{}: {}, but the rows have {}; the file is damaged or was edited: write it anew", what,
                          total, sum));
  };
  for (const Measure measure : all_measures()) {
    check(row_of(measure).name, total[measure].value(), report.total[measure].value());
  }
  check("exact", exact, report.exact);
  check_moves(report);
  Count of_operators = 0;
  for (const OpCost& op : report.ops) of_operators += op.macs;
  if (report.ops.empty() || of_operators == total[Measure::macs]) return;
  throw Error("operators: they do not add up to total.macs; the file is damaged or was edited: write it anew");
}

}  // namespace thoplw::saved
