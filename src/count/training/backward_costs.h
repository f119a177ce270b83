// What the backward of each layer costs.
#pragma once

#include "conventions/convention.h"
#include "count/training/autograd.h"
#include "count/training/pass_kept.h"
#include "report/report.h"

namespace thoplw {

/// Adds, to the rows of a report whose forward is counted, what gradients and recomputation cost.
void add_backward_costs(const Trace& trace, const Convention& convention, const Autograd& autograd,
                        const PassKept& kept, Flavour flavour, Report& report);

}  // namespace thoplw
