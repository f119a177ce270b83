// What modules hold, whatever a convention makes of it: parameters that are trained, and bytes.
#pragma once

#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

/// Each tensor counts once, in the row of the first module that holds it, whether that ran or not.
void count_held(const Trace& trace, Report& report);

}  // namespace thoplw
