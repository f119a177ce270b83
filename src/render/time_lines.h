// What is said of a device below a table.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"

namespace thoplw {

/// The bound of the whole, the estimate operator by operator, and what is in neither; empty where no device was asked
/// for.
std::vector<std::string> time_lines(const Report& report);

}  // namespace thoplw
