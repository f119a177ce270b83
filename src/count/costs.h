// What each module's own calls cost by a convention.
#pragma once

#include "conventions/convention.h"
#include "report/report.h"
#include "trace/usage.h"

namespace thoplw {

/// Adds to the rows, which are there already, and to the steps, with what was not counted or left out. Throws Error
/// where a rule reads what a tensor does not have, or where a sum exceeds 64 bits.
void add_costs(const Trace& trace, const Convention& convention, const Usage& usage, Report& report);

}  // namespace thoplw
