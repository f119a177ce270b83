// From a Trace to the report of a training step.
#include "count/training/training.h"

#include "base/formatted.h"
#include "count/count.h"
#include "count/memory/pass_memory.h"
#include "count/training/autograd.h"
#include "count/training/backward_costs.h"
#include "count/training/memory.h"
#include "count/training/pass_kept.h"

namespace thoplw {
namespace {

void require_operator_prices(const Convention& convention) {
  if (convention.class_rules.empty() && convention.op_rules.empty() && !convention.more_class_rules) return;
  throw Error(
      formatted("convention '{}' prices layers by their class, which says nothing about their backward; training can "
                "be counted by "
                "conventions that price work alone, such as exact or flops",
                convention.name));
}

void note_loss(const Trace& trace, const Autograd& autograd, const TrainingOptions& options, Report& report) {
  if (autograd.loss.empty()) {
    report.notes.push_back("nothing that the model gives depends on a parameter that is trained: there is no backward");
    return;
  }
  if (options.all_outputs || !options.outputs.empty()) return;
  Count outputs = 0;
  for (auto call = trace.calls.rbegin(); call != trace.calls.rend() && outputs == 0; ++call) {
    if (call->parent == kNone) outputs = call->out.size();
  }
  if (outputs > 1) {
    report.notes.push_back(
        formatted("the loss is taken to read one of the {} tensors that the model gives, the first with a gradient",
                  outputs.value()));
  }
}

void note_unrecorded(const Trace& trace, const Autograd& autograd, Report& report) {
  if (autograd.unrecorded.empty()) return;
  const Op& first = at(trace.ops, at(trace.regions, autograd.unrecorded.front()).first_op);
  const Id module = first.call == kNone ? 0 : at(trace.calls, first.call).module;
  report.notes.push_back(
      formatted("reentrant checkpoints that get no input with a gradient train nothing: {} of them, the first in '{}'; "
                "call enable_input_require_grads() of the model, or checkpoint with use_reentrant=False",
                autograd.unrecorded.size(), at(report.rows, module).path));
}

}  // namespace

Report count_training(const Trace& trace, const Convention& convention, const TrainingOptions& options) {
  require_operator_prices(convention);
  Report report = count(trace, convention);
  report.steps.clear();  // they tell of the forward alone
  for (Row& row : report.rows) row.own[Measure::forward] = row.own[Measure::macs];
  const Autograd autograd = autograd_of(trace, options);
  const PassKept kept = kept_of(trace, autograd, options.flavour);
  add_backward_costs(trace, convention, autograd, kept, options.flavour, report);
  report.know(
      {Measure::forward, Measure::input_gradient, Measure::weight_gradient, Measure::backward, Measure::recompute});
  report.training.emplace();
  report.training->attention = kernel_of_attention(trace, options.flavour);
  const bool observed = count_training_memory(trace, autograd, kept, options, report);
  report.know({Measure::parameters, Measure::gradients, Measure::states});
  if (observed) {
    report.know({Measure::saved});
  } else {
    report.notes.push_back(
        "what is saved for backward and what is alive at the peak are not known: the model was not captured for "
        "training");
  }
  note_loss(trace, autograd, options, report);
  note_unrecorded(trace, autograd, report);
  add_up(report);
  return report;
}

}  // namespace thoplw
