// A table of layers as Python has it.
#pragma once

#include <nanobind/nanobind.h>

#include <memory>
#include <optional>

#include "count/memory/inference.h"
#include "count/training/plan.h"
#include "device/device.h"
#include "python/convention_source.h"
#include "report/report.h"

namespace thoplw {

/// The device that a table is timed on.
struct OwnTarget {
  std::shared_ptr<const Device> device;
  std::optional<NumberType> type;
  double seconds = 0;  ///< how long a step of training took; 0: not said
};

/// A report, and what it was counted from.
struct LayerInfo : Report {
  std::shared_ptr<const Trace> trace;  ///< null where it was saved or dropped
  ConventionSource source;             ///< of use where there is a trace
  std::optional<TrainingPlan> plan{};  ///< where it is of a step of training, and has a trace

  std::optional<OwnTarget> target{};        ///< where it is timed, and has a trace
  std::optional<InferenceOptions> asked{};  ///< where it is of the memory of a forward, and has a trace

  /// By what they say: where that came from does not matter.
  bool operator==(const LayerInfo& other) const { return static_cast<const Report&>(*this) == other; }
};

/// The report of what `info` was counted from, on its target. Throws Error.
Report counted_on(const LayerInfo& info, const Convention& convention);

/// The same table, timed. Throws Error where there is no trace, or no such device.
LayerInfo on(const LayerInfo& info, nanobind::object device, nanobind::object dtype, nanobind::object step_seconds);

/// One that tells of the memory of a forward.
struct MemoryInfo : LayerInfo {};

/// As Python is given it: a MemoryInfo where it is one.
nanobind::object as_python(LayerInfo info);

/// What is pickled of it, and what is made of that again.
nanobind::tuple pickled(const LayerInfo& info);
LayerInfo unpickled(nanobind::handle state);

}  // namespace thoplw
