// Counts parameters: each tensor once, in the row of the module that answers for it.
#pragma once

#include <vector>

#include "conventions/convention.h"
#include "report/report.h"
#include "trace/trace.h"
#include "trace/usage.h"

namespace thoplw {

/// Of tensors that several modules hold, the first to be met counts.
std::vector<const Param*> in_module_order(const Trace& trace);

/// Fills the params of each row as the convention says, and the report's true totals.
void count_params(const Trace& trace, const Convention& convention, const Usage& usage, Report& report);

}  // namespace thoplw
