// What is said of a training step as a whole.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"

namespace thoplw {

/// Sentences on the work and the memory of a step; none where the report is of no step.
std::vector<std::string> training_lines(const Report& report);

}  // namespace thoplw
