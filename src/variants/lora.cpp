// Adapters of low rank at linear layers: what peft.tuners.lora.layer.Linear runs.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/formatted.h"
#include "variants/adapter.h"
#include "variants/copies.h"
#include "variants/editor.h"
#include "variants/order.h"
#include "variants/patterns.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

/// Runs the adapters of a trace whose modules have them.
class Adapting {
 public:
  Adapting(Trace trace, const std::map<Id, Adapter>& adapters, const Lora& lora)
      : editor_(std::move(trace)), adapters_(adapters), dropout_(lora.dropout), autocast_(lora.autocast) {}

  Trace run() && {
    for (Id i = 0; i < editor_.count(); ++i) {
      Op& op = editor_.reach(i);
      const Id call = op.call;
      const auto found = call == kNone ? adapters_.end() : adapters_.find(at(editor_.trace.calls, call).module);
      if (found == adapters_.end()) {
        editor_.keep();
        continue;
      }
      if (call != call_) begin(call, found->second);
      in_base(op, i);
      editor_.keep();
      if (i + 1 == at(editor_.trace.calls, call).end_op) end(found->second);
    }
    for (const auto& [weight, copy] : copies_) editor_.dies(copy, editor_.now());
    Trace trace = std::move(editor_).finish();
    trace.calls.insert(trace.calls.end(), made_.begin(), made_.end());
    order_calls(trace);
    order_modules(trace);
    return trace;
  }

 private:
  const Tensor& tensor(Id value) const { return at(editor_.trace.values, value); }

  void begin(Id call, const Adapter& adapter) {
    call_ = call;
    base_ = kNone;
    const Call& outer = at(editor_.trace.calls, call);
    result_ = outer.out.empty() ? kNone : outer.out.front();
    input_ = outer.in.empty() ? kNone : outer.in.front();
    enter(adapter.base, outer.in);
  }

  /// A call inside of the one with the adapter, as which operators run until leave().
  void enter(Id module, std::vector<Id> in) {
    const Count times = at(editor_.trace.calls, call_).times;
    inner_ = static_cast<Id>(editor_.trace.calls.size() + made_.size());
    made_.push_back({.module = module,
                     .parent = call_,
                     .first_op = editor_.now(),
                     .in = std::move(in),
                     .out = {},
                     .custom = {},
                     .times = times});
  }

  void leave(Id out) {
    made_.back().end_op = editor_.now();
    made_.back().out = {out};
    inner_ = call_;
  }

  /// What was the result of the call is that of the base layer, in memory of its own; the sum takes its place.
  void in_base(Op& op, Id number) {
    op.call = inner_;
    for (const Id out : op.out) {
      if (dies_with_base(out, number)) temporary_.push_back(out);
    }
    for (Id& out : op.out) {
      if (out == kNone || (out != result_ && !in_one_memory(out, result_))) continue;
      if (base_ == kNone) base_ = editor_.fresh(tensor(result_));
      if (out == result_) {
        out = base_;
      } else {
        at(editor_.trace.memory.places, out).storage = at(editor_.trace.memory.places, base_).storage;
      }
    }
    std::ranges::replace(op.in, result_, base_);
  }

  /// Is it made by that operator of the base layer, and gone when the layer has run?
  bool dies_with_base(Id value, Id op) const {
    const MemoryRecord& memory = editor_.trace.memory;
    if (!memory.known() || value == kNone || in_one_memory(value, result_)) return false;
    const Id storage = at(memory.places, value).storage;
    return storage != kNone && at(memory.storages, storage).born == op &&
           at(memory.storages, storage).died == at(editor_.trace.calls, call_).end_op;
  }

  bool in_one_memory(Id a, Id b) const {
    const MemoryRecord& memory = editor_.trace.memory;
    return memory.known() && at(memory.places, a).storage != kNone &&
           at(memory.places, a).storage == at(memory.places, b).storage;
  }

  Id add(std::string_view name, std::vector<Id> in, Id out, std::vector<Attr> attrs = {}) {
    return editor_.add(
        {.name = editor_.name(name), .call = inner_, .in = std::move(in), .out = {out}, .attrs = std::move(attrs)});
  }

  Id fresh(Id shaped_as, std::int64_t last, DType type) {
    Tensor made = tensor(shaped_as);
    made.dtype = type;
    made.shape.back() = last;
    return editor_.fresh(made);
  }

  /// result + lora_B(lora_A(dropout(x))) * scaling, in the type of the adapter, and back to that of the result.
  void end(const Adapter& adapter) {
    if (base_ == kNone || input_ == kNone) {
      throw Error(formatted("lora: {} does not give a tensor that it has made of one: name others as targets",
                            at(editor_.trace.modules, at(editor_.trace.calls, call_).module).path));
    }
    leave(base_);
    for (const Id value : temporary_) editor_.gone(value, editor_.now());
    temporary_.clear();
    const DType type = tensor(adapter.down_weight).dtype;
    const std::int64_t rank = tensor(adapter.down_weight).shape.front(),
                       width = tensor(adapter.up_weight).shape.front();
    const Id x = tensor(input_).dtype == type ? input_ : cast(input_, type);
    const Id dropped = run_dropout(adapter, x);
    const Id down = run_linear(adapter.down, dropped, adapter.down_weight, rank);
    if (dropped != x) editor_.dies(dropped, editor_.now());
    const Id up = run_linear(adapter.up, down, adapter.up_weight, width);
    editor_.dies(down, editor_.now());
    const Id scaled = fresh(up, width, tensor(up).dtype);
    add("aten::mul", {up}, scaled, {{"spelt", "infix"}});
    editor_.dies(up, editor_.now());
    add_to_result(scaled);
    if (x != input_) editor_.dies(x, editor_.now());
    call_ = kNone;
  }

  Id cast(Id value, DType type) {
    const Id made = fresh(value, tensor(value).shape.back(), type);
    add("aten::to", {value}, made);
    return made;
  }

  Id run_dropout(const Adapter& adapter, Id x) {
    enter(adapter.dropout, {x});
    Id dropped = x;
    if (dropout_ > 0) {
      const bool training = editor_.trace.training;
      if (training) dropped = fresh(x, tensor(x).shape.back(), tensor(x).dtype);
      add("aten::dropout", {x}, dropped,
          training ? std::vector<Attr>{{"p", dropout_}, {"train", true}} : std::vector<Attr>{});
    }
    leave(dropped);
    return dropped;
  }

  Id run_linear(Id module, Id x, Id weight, std::int64_t width) {
    enter(module, {x});
    const Id lowered = autocast_ && tensor(x).dtype != *autocast_ ? cast(x, *autocast_) : x;
    const Id copy = autocast_ ? copy_of(weight) : weight;
    const Id out = fresh(lowered, width, tensor(lowered).dtype);
    add("aten::linear", {lowered, copy, kNone}, out);
    if (lowered != x) editor_.dies(lowered, editor_.now());
    leave(out);
    return out;
  }

  /// Of a weight that is trained, under autocast.
  Id copy_of(Id weight) {
    const auto [found, first] = copies_.try_emplace(weight, kNone);
    if (first) found->second = cast(weight, *autocast_);
    return found->second;
  }

  void add_to_result(Id scaled) {
    const DType type = tensor(scaled).dtype;
    Id sum = result_;
    if (tensor(result_).dtype != type) sum = fresh(scaled, tensor(scaled).shape.back(), type);
    Id made = add("aten::add", {base_, scaled}, sum, {{"spelt", "infix"}});
    editor_.dies(base_, editor_.now());
    editor_.dies(scaled, editor_.now());
    const Id cast = add("aten::to", {sum}, result_);
    if (sum != result_) {
      made = cast;
      editor_.dies(sum, editor_.now());
    }
    editor_.born(result_, made);
  }

  Editor editor_;
  const std::map<Id, Adapter>& adapters_;  ///< by module
  const double dropout_;
  const std::optional<DType> autocast_;
  std::map<Id, Id> copies_;    ///< under autocast, by weight
  std::vector<Call> made_;     ///< with the numbers that operators have in the end
  std::vector<Id> temporary_;  ///< values of the base layer that are gone when it has run
  Id call_ = kNone;            ///< the one with an adapter that runs
  Id inner_ = kNone;           ///< the call that operators belong to
  Id input_ = kNone, result_ = kNone, base_ = kNone;
};

}  // namespace

Trace with_lora(Trace trace, const Lora& lora) {
  if (lora.rank < 1) throw Error(formatted("lora: the rank is {}; it must be 1 or more", lora.rank));
  for (Param& param : trace.params) param.trainable = false;
  Patterns patterns("lora target", lora.targets, Patterns::Of::end);
  std::vector<Id> targets;
  for (std::size_t i = 0; i < trace.modules.size(); ++i) {
    if (patterns.match(trace.modules[i].path)) targets.push_back(static_cast<Id>(i));
  }
  patterns.require_all();
  std::map<Id, Adapter> adapters;
  for (const Id target : targets) adapters.emplace(target, adapted(trace, target, lora));
  trace = Adapting(std::move(trace), adapters, lora).run();
  let_go_of_frozen_copies(trace);
  return trace;
}

}  // namespace thoplw
