// The bytes of a training step, layer by layer, and what is alive from moment to moment.
#pragma once

#include "count/training/autograd.h"
#include "count/training/options.h"
#include "count/training/pass_kept.h"
#include "report/report.h"

namespace thoplw {

/// Adds to the rows, and fills Report::training. False where the trace says nothing of memory: then it adds nothing.
bool count_training_memory(const Trace& trace, const Autograd& autograd, const PassKept& kept,
                           const TrainingOptions& options, Report& report);

}  // namespace thoplw
