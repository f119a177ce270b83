// What one step of training costs: work, layer by layer, and memory.
#pragma once

#include "conventions/convention.h"
#include "count/training/options.h"
#include "report/report.h"
#include "trace/trace.h"

namespace thoplw {

/// The report of a pass, with the measures of a training step: a forward, a backward from the loss, and the optimizer's
/// step. MACs are those of the whole step. Throws Error where the convention has prices of classes or operators, which
/// say nothing about their backward.
Report count_training(const Trace& trace, const Convention& convention, const TrainingOptions& options);

}  // namespace thoplw
