// Counts parameters: each tensor once, in the row of the module that answers for it.
#pragma once

#include "conventions/convention.h"
#include "report/report.h"
#include "trace/usage.h"

namespace thoplw {

/// Fills Row::params as the convention says, and the report's true totals.
void count_params(const Trace& trace, const Convention& convention, const Usage& usage, Report& report);

}  // namespace thoplw
