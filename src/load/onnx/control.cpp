// Follows nodes that have nodes in them: functions, branches and loops.
#include <algorithm>

#include "load/onnx/graph.h"

namespace thoplw::onnx {
namespace {

std::string named(const Node& node) {
  return std::string(node.op_type) + " '" +
         std::string(node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name) + "'";
}

std::optional<std::int64_t> only_element(const Known& known) {
  if (!known.elements || known.elements->size() != 1 || known.elements->front() == kUnknown) return std::nullopt;
  return known.elements->front();
}

/// What holds for both: what a loop changes is not known inside of it.
Known common(const Known& a, const Known& b) {
  Known both;
  both.dtype = a.dtype == b.dtype ? a.dtype : DType::other;
  both.has_rank = a.has_rank && b.has_rank && a.shape.size() == b.shape.size();
  for (std::size_t i = 0; both.has_rank && i < a.shape.size(); ++i) {
    both.shape.push_back(a.shape[i] == b.shape[i] ? a.shape[i] : -1);
  }
  return both;
}

Value value_of(Known known) {
  Value value;
  value.known = std::move(known);
  return value;
}

Known of_type(DType dtype) {
  Known known;
  known.dtype = dtype;
  return known;
}

Known scalar(DType dtype) {
  Known known = of_type(dtype);
  known.has_rank = true;
  return known;
}

/// The shape of what a loop stacks up, one slice per turn.
Known stacked(Known slice, std::optional<std::int64_t> times, std::size_t axis) {
  slice.elements.reset();
  slice.reals.reset();
  if (!slice.has_rank || axis > slice.shape.size()) return of_type(slice.dtype);
  slice.shape.insert(slice.shape.begin() + static_cast<std::ptrdiff_t>(axis), times.value_or(-1));
  return slice;
}

}  // namespace

const Function* Follower::function_of(const Node& node) const {
  const auto found = functions_.find({node.op_type, node.domain, node.overload});
  return found == functions_.end() ? nullptr : found->second;
}

const Graph* Follower::body(const Node& node, std::string_view name) const {
  const Attribute* found = node.attribute(name);
  if (!found || found->kind != Attribute::Kind::graph || found->graphs.empty()) return nullptr;
  return found->graphs.front().get();
}

bool Follower::control(Step& step) {
  const Node& node = step.node;
  if (const Function* function = function_of(node)) return call(step, *function), true;
  if (!node.domain.empty()) return false;
  if (node.op_type == "If" && body(node, "then_branch") && body(node, "else_branch")) return branch(step), true;
  if (node.op_type == "Loop" && body(node, "body")) return loop(step), true;
  if (node.op_type == "Scan" && body(node, "body")) return scan(step), true;
  if (node.op_type == "SequenceMap" && body(node, "body")) return map_sequence(step), true;
  return false;
}

void Follower::call(const Step& step, const Function& function) {
  spend(function.inputs.size() + function.outputs.size() + function.values.size() + function.defaults.size());
  Bindings bindings;
  for (const Attribute& attribute : function.defaults) bindings.insert_or_assign(attribute.name, &attribute);
  for (const Attribute& attribute : step.node.attributes) bindings.insert_or_assign(attribute.name, &attribute);
  Context inner;
  inner.depth = step.context.depth + 1;
  inner.opsets = &function.opsets;
  inner.bindings = &bindings;
  for (const ValueInfo& info : function.values) inner.infos.emplace(info.name, &info);
  for (std::size_t i = 0; i < function.inputs.size(); ++i) {
    inner.names.emplace(function.inputs[i], i < step.in.size() ? step.in[i] : kAbsent);
  }
  follow_nodes(function.nodes, inner, scopes_.inside(step.node, function, step.stack));
  for (std::size_t i = 0; i < function.outputs.size() && i < step.node.outputs.size(); ++i) {
    const Ref made = find(function.outputs[i], inner);
    if (made == kUnmade)
      throw Error("function '" + std::string(function.name) + "' does not make its output '" +
                  std::string(function.outputs[i]) + "'");
    if (!step.node.outputs[i].empty()) step.context.names.insert_or_assign(step.node.outputs[i], made);
  }
}

/// Follows a body with the values that are given for its inputs; what its outputs are.
std::vector<Value> Follower::run(const Step& step, const Graph& body, std::span<const Value> given) {
  Context inner;
  inner.outer = &step.context;
  inner.depth = step.context.depth + 1;
  inner.opsets = step.context.opsets;
  inner.bindings = step.context.bindings;
  enter(body, inner);
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    Value value = i < given.size() ? given[i] : value_of(sizes_.known(body.inputs[i]));
    if (value.known.dtype == DType::other) value.known.dtype = body.inputs[i].dtype;
    inner.names.insert_or_assign(body.inputs[i].name, add(std::move(value)));
  }
  follow_nodes(body.nodes, inner, step.stack);
  std::vector<Value> out;
  for (const ValueInfo& output : body.outputs) {
    const Ref made = find(output.name, inner);
    if (made == kUnmade || made == kAbsent)
      throw Error(named(step.node) + ": its body does not make its output '" + std::string(output.name) + "'");
    id_of(made);
    out.push_back(values_[made]);
  }
  return out;
}

void Follower::branch(const Step& step) {
  const std::optional<std::int64_t> condition =
      step.in.empty() || step.in[0] == kAbsent ? std::nullopt : only_element(values_[step.in[0]].known);
  if (condition) {
    std::vector<Value> out = run(step, *body(step.node, *condition ? "then_branch" : "else_branch"), {});
    for (std::size_t i = 0; i < out.size(); ++i) define(step, i, std::move(out[i]));
    return;
  }
  const std::size_t start = trace_.size();
  std::vector<Value> then_out = run(step, *body(step.node, "then_branch"), {});
  const std::size_t middle = trace_.size();
  std::vector<Value> else_out = run(step, *body(step.node, "else_branch"), {});
  const bool first = trace_.cost(start, middle) >= trace_.cost(middle, trace_.size());
  if (first) {
    trace_.drop(middle, trace_.size());
  } else {
    trace_.drop(start, middle);
  }
  std::vector<Value>& out = first ? then_out : else_out;
  for (std::size_t i = 0; i < out.size(); ++i) define(step, i, std::move(out[i]));
  trace_.add_note("the costlier branch of each If counts, as which one runs hangs on the data");
}

void Follower::write_unknown(const Step& step, std::string_view op_type) {
  NewOp op{.name = "onnx::" + std::string(op_type), .in = {}, .out = {}, .attrs = {}};
  for (Ref ref : step.in) op.in.push_back(id_of(ref));
  for (std::string_view output : step.node.outputs) {
    const Ref ref = output.empty() ? kUnmade : find(output, step.context);
    if (ref != kUnmade) op.out.push_back(id_of(ref));
  }
  trace_.add_op(step.stack, std::move(op));
}

/// Follows a body once, as what it does `turns.times` often. Sizes are those that go into the first turn: where a turn
/// changes them, or says itself whether there is another, it stands for no other, and counts once.
std::vector<Value> Follower::repeat(const Step& step, const Graph& body, std::vector<Value>& given, Turns& turns) {
  for (Value& value : given) value.known.elements.reset(), value.known.reals.reset(), value.fixed = false;
  if (turns.goes_on) given[1].known.elements = {1};
  for (;;) {
    const std::size_t start = trace_.size();
    trace_.begin_loop(step.stack, turns.times ? Count(*turns.times) : Count(1));
    std::vector<Value> out = run(step, body, given);
    trace_.end_loop();
    if (out.size() < turns.first_out + turns.states) throw Error(named(step.node) + ": its body makes too few outputs");
    bool again = turns.goes_on && turns.times && only_element(out[0].known) != 1;
    for (std::size_t i = 0; i < turns.states; ++i) {
      Known& before = given[turns.first_in + i].known;
      Known both = common(before, out[turns.first_out + i].known);
      again = again || both.shape != before.shape || both.has_rank != before.has_rank;
      out[turns.first_out + i].known = both;
      before = std::move(both);
    }
    if (turns.times == 0) trace_.drop(start, trace_.size());
    if (!again) return out;
    trace_.drop(start, trace_.size());
    turns.times.reset();
    turns.goes_on = false;
  }
}

/// Outputs of a loop: states as they are after it, and what its turns stack up.
void Follower::leave(const Step& step, std::vector<Value> out, const Turns& turns,
                     const std::vector<std::int64_t>& axes) {
  for (std::size_t i = turns.first_out; i < out.size(); ++i) {
    const std::size_t place = i - turns.first_out;
    Value value;
    if (place < turns.states) {
      value.known = std::move(out[i].known);
    } else {
      const std::size_t scan = place - turns.states;
      const std::int64_t axis = scan < axes.size() ? axes[scan] : 0;
      const auto rank = static_cast<std::int64_t>(out[i].known.shape.size()) + 1;
      value.known =
          stacked(std::move(out[i].known), turns.times, static_cast<std::size_t>(axis < 0 ? axis + rank : axis));
    }
    define(step, place, std::move(value));
  }
  if (turns.times) return;
  write_unknown(step, step.node.op_type);
  trace_.add_note("how often " + named(step.node) + " runs is not in the file: it counts once");
}

void Follower::loop(const Step& step) {
  const auto given_element = [&](std::size_t i) {
    return i < step.in.size() && step.in[i] != kAbsent ? only_element(values_[step.in[i]].known) : std::nullopt;
  };
  const Graph& inner = *body(step.node, "body");
  const bool asks = step.in.size() > 1 && step.in[1] != kAbsent;
  const std::optional<std::int64_t> first = asks ? given_element(1) : std::optional<std::int64_t>(1);
  Turns turns{.times = first ? given_element(0) : std::nullopt, .goes_on = first == 1, .first_in = 2, .first_out = 1};
  if (first == 0) turns.times = 0;
  if (turns.times && *turns.times < 0) turns.times = 0;
  turns.states = step.in.size() > 2 ? step.in.size() - 2 : 0;
  std::vector<Value> given{value_of(scalar(DType::i64)), value_of(scalar(DType::boolean))};
  for (std::size_t i = 2; i < step.in.size(); ++i) given.push_back(value_of(known_of(step.in[i])));
  std::vector<Value> out = repeat(step, inner, given, turns);
  leave(step, std::move(out), turns, {});
}

void Follower::scan(const Step& step) {
  const Node& node = step.node;
  const std::int64_t scanned = node.integer("num_scan_inputs", 0);
  const auto inputs = static_cast<std::int64_t>(step.in.size());
  if (scanned < 1 || scanned > inputs) throw Error(named(node) + ": it has no input to scan");
  const auto states = static_cast<std::size_t>(inputs - scanned);
  Turns turns{.times = std::nullopt, .goes_on = false, .first_in = 0, .first_out = 0, .states = states};
  std::vector<Value> given;
  for (std::size_t i = 0; i < step.in.size(); ++i) {
    Known known = known_of(step.in[i]);
    if (i >= states && known.has_rank) {
      const std::vector<std::int64_t>& axes = node.integers("scan_input_axes");
      std::int64_t axis = i - states < axes.size() ? axes[i - states] : 0;
      const auto rank = static_cast<std::int64_t>(known.shape.size());
      if (axis < 0) axis += rank;
      if (axis < 0 || axis >= rank) throw Error(named(node) + ": it scans an axis that its input does not have");
      const std::int64_t size = known.shape[static_cast<std::size_t>(axis)];
      if (size >= 0) turns.times = size;
      known.shape.erase(known.shape.begin() + axis);
    }
    given.push_back(value_of(std::move(known)));
  }
  std::vector<Value> out = repeat(step, *body(node, "body"), given, turns);
  leave(step, std::move(out), turns, node.integers("scan_output_axes"));
}

/// The body once per item, if all items are alike.
void Follower::map_sequence(const Step& step) {
  Turns turns;
  std::vector<Value> given;
  for (Ref ref : step.in) {
    const auto items = ref == kAbsent ? nullptr : values_[ref].known.items;
    Known known = items || ref == kAbsent ? Known() : known_of(ref);
    if (items && !items->empty()) {
      known = items->front();
      for (const Known& item : *items) known = common(known, item);
    }
    if (items) turns.times = static_cast<std::int64_t>(items->size());
    given.push_back(value_of(std::move(known)));
  }
  if (!given.empty() && !given.front().known.whole()) turns.times.reset();
  std::vector<Value> out = repeat(step, *body(step.node, "body"), given, turns);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Known sequence;
    if (turns.times && *turns.times <= static_cast<std::int64_t>(kMostElements)) {
      out[i].known.elements.reset();
      out[i].known.reals.reset();
      sequence.items = std::make_shared<const std::vector<Known>>(static_cast<std::size_t>(*turns.times), out[i].known);
    }
    define(step, i, value_of(std::move(sequence)));
  }
  if (turns.times) return;
  write_unknown(step, step.node.op_type);
  trace_.add_note("how often " + named(step.node) + " runs is not in the file: it counts once");
}

}  // namespace thoplw::onnx
