#include "report/formulas.h"

#include <algorithm>

namespace thoplw {

Rational Formulas::Law::at(std::span<const std::int64_t> point) const {
  Rational greatest = greatest_of.front().at(point);
  for (const Polynomial& polynomial : greatest_of) greatest = std::max(greatest, polynomial.at(point));
  return greatest;
}

std::string_view title_of_extra(std::string_view name) {
  return name == "peak"              ? "Peak memory"
         : name == "peak_first_step" ? "Peak memory of the first step"
                                     : std::string_view();
}

}  // namespace thoplw
