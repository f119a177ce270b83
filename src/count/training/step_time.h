// What a step of training has of a device's peak.
#pragma once

#include "count/times.h"
#include "count/training/plan.h"

namespace thoplw {

/// Adds how long the arithmetic of the step takes at the peak of the type that it computes in: the target's, or that of
/// the plan's precision, or of the model's parameters. `seconds` is how long it took; 0: not said. Throws Error where
/// there is no public figure for that type.
void time_step(const Target& target, const Trace& trace, const TrainingPlan& plan, double seconds, Report& report);

}  // namespace thoplw
