// How rows are added up.
#include "report/report.h"

#include <algorithm>
#include <limits>

namespace thoplw {

void Row::add(const Row& other) {
  own += other.own;
  work += other.work;
  cost += other.cost;
  exact = exact && other.exact;
  least |= other.least;
  listed = listed || other.listed;
}

const MemoryOverTime* Report::memory() const {
  if (training) return training->timeline.empty() ? nullptr : &*training;
  return inference && !inference->timeline.empty() ? &*inference : nullptr;
}

void Report::know(std::initializer_list<Measure> measures) {
  for (const Measure measure : measures) known.set(static_cast<std::size_t>(measure));
  for (Row& row : rows) row.known = known;
}

// The last are added up first.
void add_up(Report& report) {
  report.total = {};
  for (Row& row : report.rows) {
    row.inside = row.own;
    report.total += row.own;
  }
  for (std::size_t i = report.rows.size(); i-- > 1;) {
    at(report.rows, report.rows[i].parent).inside += report.rows[i].inside;
  }
}

int added_calls(int calls, Count more) {
  constexpr int kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min<std::uint64_t>((Count(calls) + more).value(), kMost));
}

}  // namespace thoplw
