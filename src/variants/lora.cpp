// Adapters of low rank at linear layers: what peft.tuners.lora.layer.Linear has and runs.
#include <algorithm>
#include <map>
#include <optional>
#include <utility>

#include "base/formatted.h"
#include "variants/editor.h"
#include "variants/order.h"
#include "variants/patterns.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

constexpr std::string_view kConv1D = "transformers.pytorch_utils.Conv1D";

/// The modules and weights of an adapter.
struct Adapter {
  Id base = kNone, dropout = kNone, down = kNone, up = kNone;  ///< modules; in peft: lora_A, lora_B
  Id down_weight = kNone, up_weight = kNone;                   ///< values
};

bool is(const Class& cls, std::string_view name) {
  return cls.name == name || std::ranges::find(cls.bases, name) != cls.bases.end();
}

Id class_named(Trace& trace, std::string_view name, std::vector<std::string> bases = {}) {
  const auto found = std::ranges::find(trace.classes, name, &Class::name);
  if (found != trace.classes.end()) return static_cast<Id>(found - trace.classes.begin());
  trace.classes.push_back({std::string(name), std::move(bases)});
  return static_cast<Id>(trace.classes.size()) - 1;
}

/// A module inside of that one: "q_proj" and "lora_A" give "q_proj.lora_A".
Id module_in(Trace& trace, Id parent, std::string_view name, Id cls) {
  const std::string path = at(trace.modules, parent).path + "." + std::string(name);
  trace.modules.push_back({.path = path, .cls = cls, .parent = parent});
  return static_cast<Id>(trace.modules.size()) - 1;
}

/// "lora_A" and, in it, "lora_A.default".
Id default_in(Trace& trace, Id parent, std::string_view name, Id cls) {
  return module_in(trace, module_in(trace, parent, name, class_named(trace, "torch.nn.ModuleDict")), "default", cls);
}

Id weight_of(Trace& trace, Id module, Tensor tensor) {
  const auto value = static_cast<Id>(trace.values.size());
  if (trace.memory.known()) {
    trace.memory.places.push_back({.storage = static_cast<Id>(trace.memory.storages.size()), .strides = {}});
    trace.memory.storages.push_back({.bytes = (numel(tensor) * bits(tensor.dtype)).value() / 8});
  }
  trace.values.push_back(std::move(tensor));
  trace.params.push_back({.name = "weight", .module = module, .value = value, .trainable = true});
  return value;
}

/// The sizes of the weight of a linear layer: out and in.
std::pair<std::int64_t, std::int64_t> sizes_of(const Trace& trace, Id module, Id weight) {
  const Dims& shape = at(trace.values, weight).shape;
  const bool turned = is(trace.class_of(module), kConv1D);
  return turned ? std::pair(shape.back(), shape.front()) : std::pair(shape.front(), shape.back());
}

Id weight_in(const Trace& trace, Id module) {
  const std::string& path = at(trace.modules, module).path;
  const Class& cls = trace.class_of(module);
  if (!is(cls, "torch.nn.Linear") && !is(cls, kConv1D)) {
    throw Error(formatted("lora: {} is a {}; adapters are known for torch.nn.Linear and Conv1D: name others as targets",
                          path, cls.name));
  }
  for (const Param& param : trace.params) {
    if (param.module == module && param.name == "weight" && at(trace.values, param.value).shape.size() == 2) {
      return param.value;
    }
  }
  throw Error(formatted("lora: {} has no weight of its own: name others as targets", path));
}

/// Makes the module one with an adapter; what it was is inside of that.
Adapter adapted(Trace& trace, Id module, const Lora& lora) {
  const Id weight = weight_in(trace, module);
  const auto [out, in] = sizes_of(trace, module, weight);
  const DType type = at(trace.values, weight).dtype;
  const DType wide = bits(type) < 32 ? DType::f32 : type;  // peft trains adapters in fp32
  const Id linear = class_named(trace, "torch.nn.Linear");
  const Id was = std::exchange(at(trace.modules, module).cls, class_named(trace, "peft.tuners.lora.layer.Linear"));
  Adapter adapter;
  adapter.base = module_in(trace, module, "base_layer", was);
  for (Param& param : trace.params) {
    if (param.module == module) param.module = adapter.base;
  }
  const Id dropout = lora.dropout > 0 ? class_named(trace, "torch.nn.Dropout", {"torch.nn._DropoutNd"})
                                      : class_named(trace, "torch.nn.Identity");
  adapter.dropout = default_in(trace, module, "lora_dropout", dropout);
  adapter.down = default_in(trace, module, "lora_A", linear);
  adapter.down_weight = weight_of(trace, adapter.down, {.dtype = wide, .shape = {lora.rank, in}});
  adapter.up = default_in(trace, module, "lora_B", linear);
  adapter.up_weight = weight_of(trace, adapter.up, {.dtype = wide, .shape = {out, lora.rank}});
  return adapter;
}

/// Runs the adapters of a trace whose modules have them.
class Adapting {
 public:
  Adapting(Trace trace, const std::map<Id, Adapter>& adapters, double dropout)
      : editor_(std::move(trace)), adapters_(adapters), dropout_(dropout) {}

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
      in_base(op);
      editor_.keep();
      if (i + 1 == at(editor_.trace.calls, call).end_op) end(found->second);
    }
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
  void in_base(Op& op) {
    op.call = inner_;
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
    const DType type = tensor(adapter.down_weight).dtype;
    const std::int64_t rank = tensor(adapter.down_weight).shape.front(),
                       width = tensor(adapter.up_weight).shape.front();
    const Id x = cast_input(type);
    const Id dropped = run_dropout(adapter, x);
    const Id down = run_linear(adapter.down, dropped, adapter.down_weight, rank);
    if (dropped != x) editor_.dies(dropped, editor_.now());
    const Id up = run_linear(adapter.up, down, adapter.up_weight, width);
    editor_.dies(down, editor_.now());
    const Id scaled = fresh(up, width, type);
    add("aten::mul", {up}, scaled, {{"spelt", "infix"}});
    editor_.dies(up, editor_.now());
    add_to_result(scaled, type);
    if (x != input_) editor_.dies(x, editor_.now());
    call_ = kNone;
  }

  Id cast_input(DType type) {
    if (tensor(input_).dtype == type) return input_;
    const Id cast = fresh(input_, tensor(input_).shape.back(), type);
    add("aten::to", {input_}, cast);
    return cast;
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
    const Id out = fresh(x, width, tensor(x).dtype);
    add("aten::linear", {x, weight, kNone}, out);
    leave(out);
    return out;
  }

  void add_to_result(Id scaled, DType type) {
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
  std::vector<Call> made_;  ///< with the numbers that operators have in the end
  Id call_ = kNone;         ///< the one with an adapter that runs
  Id inner_ = kNone;        ///< the call that operators belong to
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
  return Adapting(std::move(trace), adapters, lora.dropout).run();
}

}  // namespace thoplw
