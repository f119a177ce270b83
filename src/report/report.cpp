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
  listed = listed || other.listed;
}

int added_calls(int calls, Count more) {
  constexpr int kMost = std::numeric_limits<int>::max();
  return static_cast<int>(std::min<std::uint64_t>((Count(calls) + more).value(), kMost));
}

}  // namespace thoplw
