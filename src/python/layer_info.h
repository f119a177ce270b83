// A table of layers as Python has it.
#pragma once

#include <memory>
#include <optional>

#include "count/training/plan.h"
#include "python/convention_source.h"
#include "report/report.h"

namespace thoplw {

/// A report, and what it was counted from.
struct LayerInfo : Report {
  std::shared_ptr<const Trace> trace;  ///< null where it was saved or dropped
  ConventionSource source;             ///< of use where there is a trace
  std::optional<TrainingPlan> plan{};  ///< where it is of a step of training, and has a trace

  /// By what they say: where that came from does not matter.
  bool operator==(const LayerInfo& other) const { return static_cast<const Report&>(*this) == other; }
};

}  // namespace thoplw
