// Parameters as leftovers: of each module that ran, what the modules inside of it that ran do not have.
#pragma once

#include "report/report.h"

namespace thoplw {

/// Adds to the rows' own parameters. A tied weight counts in each module that ran.
void add_leftovers(const Trace& trace, Report& report);

}  // namespace thoplw
