// A step of training as a user asks for it: how the model is changed before, and how the step is made.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "conventions/convention.h"
#include "count/training/options.h"
#include "report/report.h"
#include "trace/trace.h"
#include "variants/variants.h"

namespace thoplw {

struct TrainingPlan {
  std::vector<std::string> freeze;      ///< globs of parameters that are not trained
  std::vector<std::string> checkpoint;  ///< globs of modules that run again in backward
  bool reentrant = false;               ///< checkpoints are of the reentrant kind
  Lora lora;                            ///< none where it has no targets
  std::string precision;                ///< by name; empty: the types that the trace has
  bool captured_so = false;             ///< the trace is in that precision already
  TrainingOptions step;

  bool operator==(const TrainingPlan&) const = default;
};

/// Hands the trace changed as planned, and the options of its step, to `then`. Throws Error where a glob matches
/// nothing.
void planned(const Trace& trace, const TrainingPlan& plan,
             const std::function<void(const Trace&, const TrainingOptions&)>& then);

/// Throws Error where a glob matches nothing, or as count_training does.
Report count_planned(const Trace& trace, const Convention& convention, const TrainingPlan& plan);

}  // namespace thoplw
