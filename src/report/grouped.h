// A report by what people group modules and operators by: a row for each class, or each operator.
#pragma once

#include "report/report.h"

namespace thoplw {

/// One row per class, below a root that has the totals; in the order in which they are met.
Report by_class(const Report& report);

/// What each operator that ran costs. Throws Error where the report does not know.
const std::vector<OpCost>& operators_of(const Report& report);

/// One row per operator that ran, with its calls and what they cost. `moved`: also with what they move and how long
/// that takes, so that operators that compute nothing have a row, too. It has no other measure. Throws Error where the
/// report does not know its operators.
Report by_operator(const Report& report, bool moved = false);

}  // namespace thoplw
