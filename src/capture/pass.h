// A pass: one run of the model, in progress. Where passes nest, the innermost is the current one of its thread.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "capture/casts.h"
#include "capture/grad_mode.h"
#include "capture/interrupts.h"
#include "capture/lifetimes.h"
#include "capture/mode_stack.h"
#include "capture/spelling.h"
#include "capture/strand.h"
#include "capture/tensors.h"
#include "capture/torch_api.h"
#include "trace/trace.h"

namespace thoplw::capture {

struct Leaf;
struct Work;
class Snapshot;

/// What a tensor had before the forward set it anew.
struct KeptSettings {
  nb::object tensor, data, grad, requires_grad;
  std::vector<std::pair<const char*, nb::object>> hooks;  ///< dictionaries of them, by the attribute that holds each
  bool data_set = false;
};

/// A user's function: (layer, inputs, output) -> MACs, or, in place of the layer's forward, (layer, inputs) -> (MACs,
/// output).
struct CustomCost {
  nb::object function;  ///< null: none
  bool in_place_of_forward = false;
};

/// What the forward asked for that this pass does not have. It may have caught the error that told it so.
struct Wanted {
  std::string data;       ///< where it looked at values, and what torch said; empty: nowhere
  bool autograd = false;  ///< what inference mode leaves out
};

struct Pass : std::enable_shared_from_this<Pass> {
  explicit Pass(const TorchApi& torch) : api(torch), tensors(torch, trace) {}

  const TorchApi& api;
  Trace trace;
  TensorTable tensors;

  bool observes = false;                    ///< memory: how long it lives, and what operators make inside
  std::unique_ptr<Lifetimes> lives;         ///< where it does
  std::vector<std::vector<Id>> region_ops;  ///< by region: its operators, among which those of other threads may be
  std::unique_ptr<Casts> casts;             ///< where the forward is to be under autocast

  bool real = false;         ///< operators run for real and are only recorded
  bool native_rules = true;  ///< shapes by native rules; off: torch is asked for each
  bool autograd = false;     ///< the pass runs without inference mode, so that the forward may differentiate
  Grad grad = Grad::inference;
  bool initialised = false;  ///< lazy parameters that are still without sizes belong to what never runs
  bool mixes = false;        ///< the forward has entered autocast
  bool made_up = false;      ///< of an input without values some were made, for a real forward
  Wanted wanted;
  nb::object mode;  ///< the dispatch mode object pushed on torch's stack

  Strand own{this};                              ///< of the thread that profiles
  std::vector<std::weak_ptr<Work>> given;        ///< what the forward gave to other threads
  bool over = false;                             ///< the forward has returned: other threads no longer work for it
  bool outlived = false;                         ///< by a thread that still refers to it
  bool in_threads = false;                       ///< whether there have been any
  std::vector<nb::object> modules;               ///< in named_modules() order, as in the trace; adopted ones behind
  std::unordered_map<PyObject*, Id> module_ids;  ///< wrappers included
  std::vector<nb::object> wrappers;              ///< those met in a forward, kept alive
  std::unordered_map<PyObject*, Id> class_ids;   ///< by Python type
  nb::dict custom_ops;                           ///< class -> the user's cost function
  std::vector<CustomCost> custom_by_class;       ///< per trace class
  std::vector<const Leaf*> leaf_by_class;        ///< per trace class, the shortcut for torch's own leaves or null
  std::unordered_map<std::string_view, Id> op_name_ids;  ///< names live as long as the process
  Id failed_module = kNone;                              ///< innermost module in which an error rose

  /// By address of its data: a storage of the caller that a real operator wrote to, and its bytes from before.
  std::unordered_map<std::uintptr_t, std::pair<nb::object, nb::object>> overwritten;
  /// Of real tensors that the pass only pretended to write to: their values say nothing.
  std::unordered_set<std::uintptr_t> stale_storages;
  /// By address of its data: how often a storage was written to for real. Torch does not count that within a mode.
  std::unordered_map<std::uintptr_t, std::int64_t> writes;
  nb::object home;  ///< the device that activations would be on; null: they are on meta
  std::unordered_map<PyObject*, nb::object> stand_ins;  ///< by meta tensor: the input that it stands for
  std::unordered_map<PyObject*, nb::object> of_type;    ///< by dtype: an empty tensor on that device
  std::vector<nb::object> external_tensors;             ///< parameters and buffers, then inputs
  std::size_t model_tensors = 0;                        ///< how many of them are the model's own

  std::unordered_map<PyObject*, KeptSettings> settings;  ///< by tensor that the pass has not made
  std::vector<nb::object> swaps;                         ///< pairs of tensors that have exchanged all they have

  std::unordered_map<std::string, int> path_numbers;  ///< of paths that are taken: the last number that went with it
  std::size_t paths_known = 0;                        ///< how many modules' paths are among them
  std::size_t adopted = 0;                            ///< how many modules were met only when they were called
  std::vector<std::string> not_put_back;              ///< at the end of the pass: a note for each
  Snapshot* snapshot = nullptr;                       ///< what is put back at the end of the pass

  Spellings spellings;

  /// Of this thread.
  Strand& strand() {
    Strand* current = Strand::current();
    return current && current->pass == this ? *current : own;
  }
  /// The one that began last of those in progress in all threads, or null.
  static inline Pass* latest = nullptr;
  /// The one that this thread works for, or null.
  static Pass* current() {
    const Strand* strand = Strand::current();
    return strand ? strand->pass : nullptr;
  }
};

/// Lends one Arguments per nesting depth.
class BorrowedArguments {
 public:
  explicit BorrowedArguments(Pass& pass) : strand_(pass.strand()) {
    auto& pool = strand_.argument_pool;
    if (strand_.depth == pool.size()) pool.push_back(std::make_unique<Arguments>());
    arguments_ = pool[strand_.depth++].get();
  }
  ~BorrowedArguments() { --strand_.depth; }
  BorrowedArguments(const BorrowedArguments&) = delete;
  BorrowedArguments& operator=(const BorrowedArguments&) = delete;

  Arguments& operator*() const { return *arguments_; }

 private:
  Strand& strand_;
  Arguments* arguments_ = nullptr;
};

/// Torch calls a mode with that mode off; what is to reach it again needs it on.
class ModeOn {
 public:
  explicit ModeOn(Pass& pass) : pass_(pass) { pass_.api.push(pass_.mode.ptr()); }
  ~ModeOn() {
    undo("thoplw: leaving the dispatch mode", [&] { take_off(pass_.api, pass_.mode.ptr()); });
  }
  ModeOn(const ModeOn&) = delete;
  ModeOn& operator=(const ModeOn&) = delete;

 private:
  Pass& pass_;
};

/// An operator of the innermost open call, not in the trace yet. `name` must live as long as the pass.
inline Op new_op(Pass& pass, std::string_view name) {
  const auto [found, fresh] = pass.op_name_ids.try_emplace(name, static_cast<Id>(pass.trace.op_names.size()));
  if (fresh) pass.trace.op_names.emplace_back(name);
  Op op;
  op.name = found->second;
  op.call = pass.strand().innermost_call();
  if (pass.trace.training) op.grad = pass.api.records_grad();
  return op;
}

/// Adds it to the trace; other threads may have added theirs since it was made.
inline Op& push_op(Pass& pass, Op op) {
  for (std::size_t region : pass.strand().open_regions) {
    pass.region_ops[region].push_back(static_cast<Id>(pass.trace.ops.size()));
  }
  return pass.trace.ops.emplace_back(std::move(op));
}

inline Op& add_op(Pass& pass, std::string_view name) { return push_op(pass, new_op(pass, name)); }

}  // namespace thoplw::capture
