#include "report/formulas.h"

#include <algorithm>

namespace thoplw {

Rational Formulas::Law::at(std::span<const std::int64_t> point) const {
  Rational greatest = greatest_of.front().at(point);
  for (const Polynomial& polynomial : greatest_of) greatest = std::max(greatest, polynomial.at(point));
  return greatest;
}

}  // namespace thoplw
