// Divides the work of a step by the peak of a device.
#include "count/training/step_time.h"

#include "base/formatted.h"
#include "variants/precision.h"

namespace thoplw {
namespace {

/// That of the first parameter of floating point.
DType type_of_model(const Trace& trace) {
  for (const Param& param : trace.params) {
    const DType type = at(trace.values, param.value).dtype;
    if (!param.buffer && is_floating(type)) return type;
  }
  return DType::f32;
}

DType type_of_step(const Trace& trace, const TrainingPlan& plan) {
  const Precision* precision = plan.precision.empty() ? nullptr : &find_precision(plan.precision);
  return precision && !precision->as_is ? precision->type : type_of_model(trace);
}

}  // namespace

void time_step(const Target& target, const Trace& trace, const TrainingPlan& plan, double seconds, Report& report) {
  const DType type = type_of_step(trace, plan);
  const std::uint64_t peak = rate(target, type);
  const std::string type_name(target.type ? name(*target.type) : name(type));
  if (peak == 0) {
    throw Error(formatted("{} has no public figure for {}; `thoplw devices {}` says for what it has some",
                          target.device->title, type_name, target.device->name));
  }
  const Count operations = report.unit == Unit::mac ? 2 : 1;  // of one that is counted
  const Count work = report.total[Measure::macs];
  Timing timing;
  timing.device = target.device->name;
  timing.title = target.device->title;
  timing.type = type_name;
  timing.arithmetic = picoseconds(work * operations, peak);
  timing.useful = picoseconds((work - report.total[Measure::recompute]) * operations, peak);
  timing.step = static_cast<std::uint64_t>(seconds * 1e12);
  timing.arithmetic_exact = report.exact;
  report.timing = std::move(timing);
}

}  // namespace thoplw
