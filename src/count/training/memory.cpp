// Bytes by layer from what each operator keeps and each parameter needs; bytes over time from the walk.
#include "count/training/memory.h"

#include <algorithm>

#include "count/memory/forward_walk.h"
#include "count/memory/pass_memory.h"
#include "count/params.h"
#include "count/training/memory_walk.h"
#include "count/training/optimizer.h"

namespace thoplw {
namespace {

class TrainingMemory {
 public:
  TrainingMemory(const Trace& trace, const Autograd& autograd, const PassKept& kept, const TrainingOptions& options,
                 Report& report)
      : trace_(trace),
        autograd_(autograd),
        kept_(kept),
        options_(options),
        report_(report),
        training_(*report.training),
        optimizer_(find_optimizer(options.optimizer)),
        step_{.implementation = options.implementation, .processor = options.flavour.processor} {}

  void add_parameters() {
    std::vector<bool> met(trace_.values.size(), false);
    for (const Param* param : in_module_order(trace_)) {
      if (at(met, param->value)) continue;
      at(met, param->value) = true;
      add(*param);
    }
    training_.transient = step_peak(optimizer_, step_, trained_).later;
  }

  void add_saved() {
    std::vector<bool> met(trace_.memory.storages.size(), false);
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) {
      if (autograd_.held[i] && kept_.checkpoint_of[i] == kNone) {
        add_saved(kept_.ops[i].items, met, row_of_op(trace_, static_cast<Id>(i)));
      }
    }
    for (std::size_t i = 0; i < trace_.regions.size(); ++i) {
      if (trace_.regions[i].first_op < static_cast<Id>(trace_.ops.size())) {
        add_saved(kept_.regions[i], met, row_of_op(trace_, trace_.regions[i].first_op));
      }
    }
    for (const Id op : kept_.unknown) mark_unknown(op);
  }

  void add_peaks() {
    const WalkOptions step{.gradients_exist = options_.accumulate > 1, .round = options_.round};
    AliveMemory forward(options_.round);
    walk_forward(trace_, temporaries_of(trace_, options_.flavour), forward);
    training_.forward_peak = base() + most_activations(forward.entries());
    const std::vector<Breath> breaths = memory_walk(trace_, autograd_, kept_, options_.flavour, step);
    std::size_t entry = 0;
    for (std::size_t i = 0; i < breaths.size(); ++i) {
      training_.timeline.push_back(moment(breaths[i]));
      if (training_.timeline[i].sum() > training_.timeline[entry].sum()) entry = i;
    }
    add_step(breaths.empty() ? Count(0) : training_.timeline[entry].sum());
    const bool in_step = breaths.empty() || training_.timeline.back().sum() >= training_.timeline[entry].sum();
    training_.peak_moment = in_step ? training_.timeline.back() : training_.timeline[entry];
    if (!in_step) {
      training_.at_peak = in_words(alive_at(trace_, autograd_, kept_, options_.flavour, step, entry), trace_, report_);
    }
    list_rest(in_step);
  }

 private:
  Count rounded(Count bytes) const { return rounded_up(bytes, options_.round); }

  /// Of parameters, masters, buffers and inputs.
  Count base() const { return parameters_ + training_.masters + training_.buffers + training_.inputs; }

  void add(const Param& param) {
    const Tensor& tensor = at(trace_.values, param.value);
    const Count bytes = rounded(known_bytes(tensor).value_or(0));
    if (param.buffer) {
      training_.buffers += bytes;
      return;
    }
    Amounts& own = at(report_.rows, param.module).own;
    own[Measure::parameters] += bytes;
    parameters_ += bytes;
    if (!param.trainable || !at(autograd_.wanted, param.value)) return;
    own[Measure::gradients] += bytes;
    gradients_ += bytes;
    Tensor seen = tensor;  // by the optimizer
    Count states = 0;
    if (options_.masters && tensor.dtype != DType::f32) {
      seen.dtype = DType::f32;
      const Count master = rounded(known_bytes(seen).value_or(0));
      training_.masters += master;
      own[Measure::states] += master;
    }
    states = state_bytes(optimizer_, seen, step_);
    own[Measure::states] += states;
    states_ += states;
    trained_.push_back(seen);
  }

  /// Each piece of memory once; not what was there before the pass.
  void add_saved(const std::vector<PassKept::Item>& items, std::vector<bool>& met, Id row) {
    for (const PassKept::Item& item : items) {
      if (item.storage != kNone) {
        if (at(met, item.storage) || at(trace_.memory.storages, item.storage).born == kNone) continue;
        at(met, item.storage) = true;
      }
      at(report_.rows, row).own[Measure::saved] += rounded(item.bytes);
    }
  }

  void mark_unknown(Id op) {
    const auto bit = static_cast<std::size_t>(Measure::saved);
    at(report_.rows, row_of_op(trace_, op)).least.set(bit);
    report_.least.set(bit);
    training_.exact = false;
    const std::string& name = trace_.op_name(at(trace_.ops, op));
    if (std::ranges::find(training_.unknown, name) == training_.unknown.end()) training_.unknown.push_back(name);
  }

  Moment moment(const Breath& breath) const {
    return {.phase = breath.phase,
            .row = row_of_op(trace_, breath.op),
            .parameters = base(),
            .gradients = breath.gradients,
            .states = states_,
            .activations = breath.activations};
  }

  /// What the model gave is alive while the optimizer works.
  Count given() const {
    std::vector<Id> met;
    Count bytes = 0;
    for (const Call& call : trace_.calls) {
      if (call.parent != kNone) continue;
      for (const Id value : call.out) {
        if (value == kNone) continue;
        const Id storage = at(trace_.memory.places, value).storage;
        if (storage == kNone || at(trace_.memory.storages, storage).born == kNone) continue;
        if (std::ranges::find(met, storage) != met.end()) continue;
        met.push_back(storage);
        bytes += rounded(at(trace_.memory.storages, storage).bytes);
      }
    }
    return bytes;
  }

  void add_step(Count most) {
    const StepPeak peak = step_peak(optimizer_, step_, trained_);
    const Moment step{.phase = Phase::optimizer,
                      .row = 0,
                      .parameters = base(),
                      .gradients = gradients_,
                      .states = states_,
                      .activations = given() + peak.later};
    training_.timeline.push_back(step);
    training_.peak = std::max(most, step.sum());
    training_.peak_first_step = std::max(most - states_, base() + gradients_ + states_ + given() + peak.first);
  }

  /// What is alive all the time, and what the walk did not list piece by piece: all adds up to the peak.
  void list_rest(bool in_step) {
    const Moment& peak = training_.peak_moment;
    const auto list = [&](const char* what, Count bytes) {
      if (bytes > 0) training_.at_peak.push_back({.what = what, .path = "", .op = "", .bytes = bytes});
    };
    Count listed = 0;
    for (const Alive& alive : training_.at_peak) listed += alive.bytes;
    list("parameters, buffers, inputs", peak.parameters);
    list("states of the optimizer", peak.states);
    if (in_step) {
      list("gradients of parameters", peak.gradients);
      list("outputs, and what the optimizer makes", peak.activations);
    } else {
      const Count all = peak.gradients + peak.activations;
      if (all > listed) list("gradients of earlier passes", all - listed);
    }
    std::ranges::stable_sort(training_.at_peak, std::greater(), &Alive::bytes);
  }

  const Trace& trace_;
  const Autograd& autograd_;
  const PassKept& kept_;
  const TrainingOptions& options_;
  Report& report_;
  Training& training_;
  const OptimizerRow& optimizer_;
  OptimizerStep step_;
  std::vector<Tensor> trained_;  ///< parameters with gradients, as the optimizer sees them
  Count parameters_, gradients_, states_;
};

}  // namespace

bool count_training_memory(const Trace& trace, const Autograd& autograd, const PassKept& kept,
                           const TrainingOptions& options, Report& report) {
  Training& training = *report.training;
  training.optimizer = options.optimizer;
  training.precision = options.precision;
  training.processor = options.flavour.processor == Processor::cuda ? "cuda" : "cpu";
  training.accumulate = options.accumulate;
  TrainingMemory memory(trace, autograd, kept, options, report);
  memory.add_parameters();
  if (!trace.training || !trace.memory.known()) return false;
  training.inputs = bytes_of_inputs(trace, options.round);
  memory.add_saved();
  memory.add_peaks();
  return true;
}

}  // namespace thoplw
