// Changes a trace as planned, and counts the step.
#include "count/training/plan.h"

#include "count/training/training.h"
#include "variants/precision.h"
#include "variants/variants.h"

namespace thoplw {

void planned(const Trace& trace, const TrainingPlan& plan,
             const std::function<void(const Trace&, const TrainingOptions&)>& then) {
  TrainingOptions step = plan.step;
  Trace changed;
  const Trace* current = &trace;
  const auto change = [&](auto variant) {
    changed = variant(current == &trace ? trace : std::move(changed));
    current = &changed;
  };
  Lora lora = plan.lora;
  if (!plan.precision.empty()) {
    const Precision& precision = find_precision(plan.precision);
    step.masters = precision.masters;
    step.precision = precision.name;
    if (precision.autocast) lora.autocast = precision.type;
    if (!precision.as_is && !plan.captured_so) {
      change([&](Trace before) { return in_precision(std::move(before), precision, step.flavour.processor); });
    }
  }
  if (!lora.targets.empty()) change([&](Trace before) { return with_lora(std::move(before), lora); });
  if (!plan.freeze.empty()) change([&](Trace before) { return frozen(std::move(before), plan.freeze); });
  if (!plan.checkpoint.empty()) {
    const Region::Kind kind = plan.reentrant ? Region::Kind::reentrant : Region::Kind::checkpoint;
    change([&](Trace before) { return checkpointed(std::move(before), plan.checkpoint, kind); });
  }
  then(*current, step);
}

Report count_planned(const Trace& trace, const Convention& convention, const TrainingPlan& plan) {
  Report report;
  planned(trace, plan, [&](const Trace& changed, const TrainingOptions& step) {
    report = count_training(changed, convention, step);
  });
  return report;
}

}  // namespace thoplw
