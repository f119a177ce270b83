// How rows are added up.
#include "report/report.h"

namespace thoplw {

void Row::add(const Row& other) {
  own += other.own;
  work += other.work;
  cost += other.cost;
  exact = exact && other.exact;
  listed = listed || other.listed;
}

}  // namespace thoplw
