// Costs of one sample of a batch.
#pragma once

#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

/// The MACs of rows and steps, which are those of all samples, become those of one; Row::cost stays.
void share_among_samples(const Trace& trace, Report& report);

}  // namespace thoplw
