// The rows of a saved report are one tree, and add up.
#pragma once

#include <vector>

#include "report/report.h"

namespace thoplw::saved {

/// Each row behind that of the module around it, as a report has them; sorted ones were written as they came.
std::vector<Row> in_tree_order(std::vector<Row> rows);

/// Throws Error where they do not: such a report was not written by a renderer.
void check_sums(const Report& report);

}  // namespace thoplw::saved
