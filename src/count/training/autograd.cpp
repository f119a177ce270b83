// Walks the operators forward, with what requires a gradient, and backward, with what the loss depends on.
#include "count/training/autograd.h"

#include <algorithm>
#include <string_view>

#include "base/formatted.h"
#include "operators/backward/kept.h"

namespace thoplw {
namespace {

bool is_in_place(std::string_view name) { return name.ends_with('_') && !name.ends_with("__"); }

}  // namespace

class AutogradWalk {
 public:
  AutogradWalk(const Trace& trace, const TrainingOptions& options) : trace_(trace), options_(options) {
    for (const std::string& name : trace.op_names) kinds_.push_back(kind_of(name));
    needs_grad_.resize(trace.values.size(), 0);
    in_storage_.resize(trace.memory.storages.size());
    for (const Param& param : trace.params) at(needs_grad_, param.value) = param.trainable ? 1 : 0;
    result_.function_of.assign(trace.ops.size(), kNone);
    for (std::size_t i = 0; i < trace.regions.size(); ++i) {
      const Region& region = trace.regions[i];
      if (region.kind == Region::Kind::reentrant) reentrant_.push_back(static_cast<Id>(i));
      if (region.kind != Region::Kind::function) continue;
      functions_.push_back(static_cast<Id>(i));
      for (Id op = region.first_op; op < region.end_op; ++op) at(result_.function_of, op) = static_cast<Id>(i);
    }
    std::ranges::stable_sort(functions_, {}, [&](Id region) { return at(trace.regions, region).end_op; });
    std::ranges::stable_sort(reentrant_, {}, [&](Id region) { return at(trace.regions, region).first_op; });
    result_.region_recorded.assign(trace.regions.size(), 0);
  }

  Autograd walk() {
    forward();
    std::vector<Id> results = results_of_model();
    backward(results, result_.held, result_.region_held);
    result_.loss = read_by_loss(results);
    backward(result_.loss, result_.live, result_.region_live);
    result_.wanted = std::move(wanted_);
    return std::move(result_);
  }

  bool requires_grad(Id value) {
    forward();
    return needs(value);
  }

 private:
  enum class OpKind : std::uint8_t { plain, in_place, cut, cut_in_place, require };

  static OpKind kind_of(std::string_view name) {
    if (name == "aten::detach_") return OpKind::cut_in_place;
    if (name == "aten::requires_grad_") return OpKind::require;
    if (!differentiable(name)) return OpKind::cut;
    return is_in_place(name) ? OpKind::in_place : OpKind::plain;
  }

  bool needs(Id value) const { return value != kNone && at(needs_grad_, value) != 0; }
  bool can_need(Id value) const { return value != kNone && is_floating(at(trace_.values, value).dtype); }
  Id storage_of(Id value) const {
    return trace_.memory.known() && value != kNone ? at(trace_.memory.places, value).storage : kNone;
  }

  /// A value that was written to in place needs a gradient, and with it all that shares its memory.
  void set_in_place(Id value) {
    if (!can_need(value)) return;
    at(needs_grad_, value) = 1;
    if (const Id storage = storage_of(value); storage != kNone) {
      for (const Id other : at(in_storage_, storage)) at(needs_grad_, other) = 1;
    }
  }

  void place(Id value) {
    const Id storage = storage_of(value);
    if (storage == kNone) return;
    std::vector<Id>& values = at(in_storage_, storage);
    if (values.empty() || values.back() != value) values.push_back(value);
  }

  void forward() {
    result_.recorded.assign(trace_.ops.size(), 0);
    std::size_t inputs = 0;
    for (const Op& op : trace_.ops) inputs += op.in.size();
    result_.needs_.reserve(inputs);
    result_.first_input_.reserve(trace_.ops.size() + 1);
    for (const Param& param : trace_.params) place(param.value);
    for (std::size_t i = 0; i < trace_.ops.size(); ++i) {
      finish_functions(static_cast<Id>(i));
      begin_reentrant(static_cast<Id>(i));
      forward(trace_.ops[i], i);
    }
    finish_functions(static_cast<Id>(trace_.ops.size()));
    result_.first_input_.push_back(result_.needs_.size());
  }

  void forward(const Op& op, std::size_t index) {
    result_.first_input_.push_back(result_.needs_.size());
    const bool inside = result_.function_of[index] != kNone;
    bool any = false;
    for (const Id value : op.in) {
      place(value);
      result_.needs_.push_back(needs(value) ? 1 : 0);
      any |= result_.needs_.back() != 0;
    }
    const OpKind kind = at(kinds_, op.name);
    if (kind == OpKind::require) {
      for (const Id value : op.out) {
        if (can_need(value)) at(needs_grad_, value) = 1;
      }
      return;
    }
    if (kind == OpKind::cut_in_place) {
      for (const Id value : op.out) at(needs_grad_, value) = 0;
      return;
    }
    const bool records = any && op.grad && !inside && static_cast<Id>(index) >= unrecorded_end_ && kind != OpKind::cut;
    bool recorded = false;
    for (const Id value : op.out) {
      place(value);
      if (!records || !can_need(value)) continue;
      recorded = true;
      if (kind == OpKind::in_place) {
        set_in_place(value);
      } else {
        at(needs_grad_, value) = 1;
      }
    }
    result_.recorded[index] = recorded ? 1 : 0;
  }

  /// To autograd such a checkpoint is one function of its inputs: where none has a gradient, it records nothing.
  void begin_reentrant(Id op) {
    for (; begun_ < reentrant_.size() && at(trace_.regions, reentrant_[begun_]).first_op <= op; ++begun_) {
      const Region& region = at(trace_.regions, reentrant_[begun_]);
      if (std::ranges::any_of(region.in, [&](Id value) { return needs(value); })) continue;
      if (region.first_op == region.end_op) continue;
      unrecorded_end_ = std::max(unrecorded_end_, region.end_op);
      result_.unrecorded.push_back(reentrant_[begun_]);
    }
  }

  /// What a function returns requires a gradient where any of its arguments does.
  void finish_functions(Id next) {
    for (; finished_ < functions_.size() && at(trace_.regions, functions_[finished_]).end_op <= next; ++finished_) {
      const Region& region = at(trace_.regions, functions_[finished_]);
      if (!std::ranges::any_of(region.in, [&](Id value) { return needs(value); })) continue;
      at(result_.region_recorded, functions_[finished_]) = 1;
      for (const Id value : region.out) {
        if (can_need(value)) at(needs_grad_, value) = 1;
      }
    }
  }

  /// All tensors that the model gave, in order: of the last call from outside.
  std::vector<Id> results_of_model() const {
    for (auto call = trace_.calls.rbegin(); call != trace_.calls.rend(); ++call) {
      if (call->parent == kNone) return call->out;
    }
    return {};
  }

  std::vector<Id> read_by_loss(const std::vector<Id>& results) const {
    std::vector<Id> read;
    if (options_.all_outputs || options_.outputs.empty()) {
      for (const Id value : results) {
        if (needs(value)) read.push_back(value);
        if (!read.empty() && !options_.all_outputs) break;
      }
      return read;
    }
    for (const std::size_t position : options_.outputs) {
      if (position >= results.size()) {
        throw Error(formatted("the loss is to read output {}, but the model gives {}: they count from 0", position,
                              results.size()));
      }
      if (!needs(results[position])) {
        throw Error(
            formatted("the loss is to read output {}, which does not depend on anything that is trained", position));
      }
      read.push_back(results[position]);
    }
    return read;
  }

  /// Marks what `from` depends on.
  void backward(const std::vector<Id>& from, std::vector<std::uint8_t>& ops, std::vector<std::uint8_t>& regions) {
    ops.assign(trace_.ops.size(), 0);
    regions.assign(trace_.regions.size(), 0);
    wanted_.assign(trace_.values.size(), 0);
    storage_wanted_.assign(trace_.memory.storages.size(), 0);
    for (const Id value : from) want(value);
    finished_ = functions_.size();
    for (std::size_t i = trace_.ops.size(); i-- > 0;) {
      begin_functions(static_cast<Id>(i + 1), regions);
      if (!result_.recorded[i]) continue;
      const Op& op = trace_.ops[i];
      const bool in_place = at(kinds_, op.name) == OpKind::in_place;
      if (!std::ranges::any_of(op.out, [&](Id value) { return wants(value, in_place); })) continue;
      ops[i] = 1;
      const std::span<const std::uint8_t> needs = result_.needs(static_cast<Id>(i));
      for (std::size_t k = 0; k < op.in.size(); ++k) {
        if (needs[k]) want(op.in[k]);
      }
    }
    begin_functions(0, regions);
  }

  void begin_functions(Id end, std::vector<std::uint8_t>& regions) {
    for (; finished_ > 0 && at(trace_.regions, functions_[finished_ - 1]).end_op >= end; --finished_) {
      const Id id = functions_[finished_ - 1];
      const Region& region = at(trace_.regions, id);
      const bool wanted = std::ranges::any_of(region.out, [&](Id value) { return wants(value, false); });
      if (!at(result_.region_recorded, id) || !wanted) continue;
      at(regions, id) = 1;
      for (const Id value : region.in) {
        if (needs(value)) want(value);
      }
    }
  }

  void want(Id value) {
    if (value == kNone) return;
    at(wanted_, value) = 1;
    if (const Id storage = storage_of(value); storage != kNone) at(storage_wanted_, storage) = 1;
  }

  /// What is written in place is wanted where anything that shares its memory is.
  bool wants(Id value, bool in_place) const {
    if (value == kNone) return false;
    if (at(wanted_, value)) return true;
    const Id storage = in_place ? storage_of(value) : kNone;
    return storage != kNone && at(storage_wanted_, storage) != 0;
  }

  const Trace& trace_;
  const TrainingOptions& options_;
  Autograd result_;
  std::vector<OpKind> kinds_;                 ///< by operator name
  std::vector<Id> functions_;                 ///< regions that are functions, by where they end
  std::size_t finished_ = 0;                  ///< how many of them have ended where the walk is
  std::vector<Id> reentrant_;                 ///< regions that are reentrant checkpoints, by where they begin
  std::size_t begun_ = 0;                     ///< how many of them have begun where the walk is
  Id unrecorded_end_ = 0;                     ///< nothing before this operator is recorded any more
  std::vector<std::uint8_t> needs_grad_;      ///< by value: at this point of the walk
  std::vector<std::vector<Id>> in_storage_;   ///< by storage: the values met in it so far
  std::vector<std::uint8_t> wanted_;          ///< by value
  std::vector<std::uint8_t> storage_wanted_;  ///< by storage
};

Autograd autograd_of(const Trace& trace, const TrainingOptions& options) { return AutogradWalk(trace, options).walk(); }

bool requires_grad(const Trace& trace, Id value) { return AutogradWalk(trace, {}).requires_grad(value); }

}  // namespace thoplw
