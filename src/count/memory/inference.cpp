// Weights by type, and a walk over the pass in which memory is made and freed.
#include "count/memory/inference.h"

#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "count/count.h"
#include "count/memory/alive_memory.h"
#include "count/memory/forward_walk.h"
#include "count/memory/last_use.h"
#include "count/memory/pass_memory.h"
#include "count/params.h"
#include "variants/precision.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

constexpr auto kPolicies = std::to_array<LifetimePolicyName>({
    {name(LifetimePolicy::observed), LifetimePolicy::observed},
    {name(LifetimePolicy::last_use), LifetimePolicy::last_use},
});

void add(std::vector<BytesOfType>& by_type, DType type, Count bytes) {
  const auto found = std::ranges::find(by_type, type, &BytesOfType::type);
  if (found == by_type.end()) {
    by_type.push_back({type, bytes});
  } else {
    found->bytes += bytes;
  }
}

class InferenceMemory {
 public:
  InferenceMemory(const Trace& trace, const InferenceOptions& options, Report& report)
      : trace_(trace), options_(options), report_(report), inference_(*report.inference) {}

  void add_parameters() {
    std::vector<bool> met(trace_.values.size(), false);
    for (const Param* param : in_module_order(trace_)) {
      if (at(met, param->value)) continue;
      at(met, param->value) = true;
      const Tensor& tensor = at(trace_.values, param->value);
      const std::optional<Count> known = known_bytes(tensor);
      inference_.exact = inference_.exact && known;
      const Count bytes = rounded(known.value_or(0));
      (param->buffer ? inference_.buffers : inference_.weights) += bytes;
      add(param->buffer ? inference_.buffers_by_type : inference_.weights_by_type, tensor.dtype, bytes);
    }
    for (auto* by_type : {&inference_.weights_by_type, &inference_.buffers_by_type}) {
      std::ranges::stable_sort(*by_type, std::greater(), &BytesOfType::bytes);
    }
  }

  void add_pass() {
    inference_.inputs = bytes_of_inputs(trace_, options_.round);
    const std::vector<bool> given = storages_given(trace_);
    std::vector<AliveAt> outlive;
    for (std::size_t s = 0; s < given.size(); ++s) {
      const Storage& storage = trace_.memory.storages[s];
      if (storage.born == kNone) continue;
      const Count bytes = rounded(storage.bytes);
      own(storage.born)[Measure::activations] += bytes;
      if (given[s]) {
        inference_.outputs += bytes;
      } else if (storage.died == kNone && bytes > 0) {
        own(storage.born)[Measure::retained] += bytes;
        inference_.retained += bytes;
        outlive.push_back({"retained", made_by(storage.born), bytes});
      }
    }
    inference_.outlive = in_words(outlive, trace_, report_);
    std::ranges::stable_sort(inference_.outlive, std::greater(), &Alive::bytes);
    add_peak();
  }

 private:
  Count rounded(Count bytes) const { return rounded_up(bytes, options_.round); }
  /// What is there all the time.
  Count base() const { return inference_.weights + inference_.buffers + inference_.inputs; }
  /// What is made after the last operator counts as made by that.
  Id made_by(Id born) const { return std::min(born, static_cast<Id>(trace_.ops.size()) - 1); }
  Amounts& own(Id op) { return at(report_.rows, row_of_op(trace_, made_by(op))).own; }

  void add_peak() {
    const Temporaries temporaries = this->temporaries();
    note_unknown(temporaries.unknown);
    AliveMemory memory(options_.round);
    walk_forward(trace_, temporaries, memory);
    std::size_t entry = 0;
    const std::vector<Breath> breaths = memory.entries();
    for (std::size_t i = 0; i < breaths.size(); ++i) {
      inference_.timeline.push_back({.row = row_of_op(trace_, breaths[i].op),
                                     .parameters = base(),
                                     .gradients = 0,
                                     .states = 0,
                                     .activations = breaths[i].activations});
      if (breaths[i].activations > breaths[entry].activations) entry = i;
    }
    inference_.peak_moment = inference_.timeline.at(entry);
    inference_.activations_peak = inference_.peak_moment.activations;
    inference_.peak = inference_.peak_moment.sum();
    AliveMemory again(options_.round, entry);
    walk_forward(trace_, temporaries, again);
    const std::vector<AliveAt> alive = again.list();
    for (const AliveAt& piece : alive) own(piece.op)[Measure::alive] += piece.bytes;
    inference_.at_peak = in_words(alive, trace_, report_);
    for (const auto& [what, bytes] :
         {std::pair("weights", inference_.weights), {"buffers", inference_.buffers}, {"inputs", inference_.inputs}}) {
      if (bytes > 0) inference_.at_peak.push_back({.what = what, .path = "", .op = "", .bytes = bytes});
    }
    std::ranges::stable_sort(inference_.at_peak, std::greater(), &Alive::bytes);
  }

  /// A runtime of ONNX has kernels of its own.
  Temporaries temporaries() const {
    if (trace_.origin == Origin::onnx) return {.bytes = std::vector<Count>(trace_.ops.size(), 0), .unknown = {}};
    return temporaries_of(trace_, options_.flavour);
  }

  /// Operators that torch takes apart in a way that nothing tells of, and kernels of other libraries.
  void note_unknown(const std::vector<Id>& ops) {
    constexpr auto kAlive = static_cast<std::size_t>(Measure::alive);
    for (const Id op : ops) {
      inference_.exact = false;
      report_.least.set(kAlive);
      at(report_.rows, row_of_op(trace_, op)).least.set(kAlive);
      const std::string& name = trace_.op_name(at(trace_.ops, op));
      if (std::ranges::find(inference_.unknown, name) == inference_.unknown.end()) inference_.unknown.push_back(name);
    }
  }

  const Trace& trace_;
  const InferenceOptions& options_;
  Report& report_;
  Inference& inference_;
};

/// Hands on the trace in the precision and with the lifetimes that were asked for.
template <class Then>
void prepared(const Trace& trace, const InferenceOptions& options, Inference& inference, Then then) {
  const bool observed = trace.memory.known();
  if (options.lifetimes == LifetimePolicy::observed && !observed) {
    throw Error(
        "when memory is freed was not observed: a file holds no Python variables; leave the policy out, or ask for "
        "last-use");
  }
  inference.lifetimes = options.lifetimes.value_or(observed ? LifetimePolicy::observed : LifetimePolicy::last_use);
  Trace changed;
  const Trace* current = &trace;
  if (!options.precision.empty() && !options.captured_so) {
    const Precision& precision = find_precision(options.precision);
    if (!precision.as_is) {
      changed = in_precision(trace, precision, options.flavour.processor);
      current = &changed;
    }
  }
  if (inference.lifetimes == LifetimePolicy::last_use) {
    if (current == &trace) changed = trace;
    current = &changed;
    inference.exact = free_after_last_use(changed);
  }
  then(*current);
}

}  // namespace

std::span<const LifetimePolicyName> lifetime_policies() { return kPolicies; }

LifetimePolicy find_lifetime_policy(std::string_view name) { return find_named(kPolicies, "lifetimes", name).policy; }

Report count_inference(const Trace& trace, const Convention& convention, const InferenceOptions& options) {
  Report report = count(trace, convention);
  Inference& inference = report.inference.emplace();
  inference.precision = options.precision;
  inference.processor = options.flavour.processor == Processor::cuda ? "cuda" : "cpu";
  prepared(trace, options, inference, [&](const Trace& prepared) {
    inference.attention = kernel_of_attention(prepared, options.flavour);
    InferenceMemory memory(prepared, options, report);
    memory.add_parameters();
    if (prepared.ops.empty() || prepared.origin == Origin::safetensors) {
      report.notes.push_back("what memory a forward needs is not known: there are no operators");
      return;
    }
    memory.add_pass();
    report.know({Measure::activations, Measure::alive, Measure::retained});
  });
  if (trace.training) report.notes.push_back("the model ran in training mode, so its forward may make more");
  add_up(report);
  return report;
}

}  // namespace thoplw
