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
  follow_nodes(function.nodes, inner, scopes_.stacks(function.nodes, scopes_.inside(step.node, function, step.stack)));
  for (std::size_t i = 0; i < function.outputs.size() && i < step.node.outputs.size(); ++i) {
    const Ref made = find(function.outputs[i], inner);
    if (made == kUnmade)
      throw Error("function '" + std::string(function.name) + "' does not make its output '" +
                  std::string(function.outputs[i]) + "'");
    if (!step.node.outputs[i].empty()) step.context.names.insert_or_assign(step.node.outputs[i], made);
  }
}

/// What nodes of a graph in this node see.
Follower::Context Follower::inside(const Step& step) const {
  Context inner;
  inner.outer = &step.context;
  inner.depth = step.context.depth + 1;
  inner.opsets = step.context.opsets;
  inner.bindings = step.context.bindings;
  return inner;
}

/// Follows a body with the values that are given for its inputs; what its outputs are.
std::vector<Value> Follower::run(const Step& step, const Graph& body, std::span<const Value> given,
                                 const Stacks& stacks) {
  Context inner = inside(step);
  enter(body, inner);
  for (std::size_t i = 0; i < body.inputs.size(); ++i) {
    Value value = i < given.size() ? given[i] : value_of(sizes_.known(body.inputs[i]));
    if (value.known.dtype == DType::other) value.known.dtype = body.inputs[i].dtype;
    inner.names.insert_or_assign(body.inputs[i].name, add(std::move(value)));
  }
  follow_nodes(body.nodes, inner, stacks);
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
    const Graph& graph = *body(step.node, *condition ? "then_branch" : "else_branch");
    std::vector<Value> out = run(step, graph, {}, scopes_.stacks(graph.nodes, step.stack));
    for (std::size_t i = 0; i < out.size(); ++i) define(step, i, std::move(out[i]));
    return;
  }
  Branch yes = try_branch(step, "then_branch"), no = try_branch(step, "else_branch");
  if (!yes.error.empty() && !no.error.empty()) {
    throw CannotRun(named(step.node) + ": neither branch can run: in then_branch, " + yes.error + "; in else_branch, " +
                    no.error);
  }
  choose(step, yes, no);
}

/// Exporters write a branch for each size that a model knows; at those of the inputs only one may fit.
Follower::Branch Follower::try_branch(const Step& step, std::string_view name) {
  const Graph& graph = *body(step.node, name);
  Branch branch;
  branch.start = trace_.size();
  try {
    branch.out = run(step, graph, {}, scopes_.stacks(graph.nodes, step.stack));
  } catch (const CannotRun& error) {
    trace_.drop(branch.start, trace_.size());
    branch.error = error.what();
  }
  branch.end = trace_.size();
  return branch;
}

/// Of two branches the one that can run counts, or the costlier one; the operators of the other are dropped.
void Follower::choose(const Step& step, Branch& first, Branch& second) {
  const bool both = first.error.empty() && second.error.empty();
  const bool takes_first =
      both ? trace_.cost(first.start, first.end) >= trace_.cost(second.start, second.end) : first.error.empty();
  const Branch& dropped = takes_first ? second : first;
  trace_.drop(dropped.start, dropped.end);
  std::vector<Value>& out = takes_first ? first.out : second.out;
  for (std::size_t i = 0; i < out.size(); ++i) define(step, i, std::move(out[i]));
  if (!both) {
    const std::string_view kept = takes_first ? "then_branch" : "else_branch";
    trace_.add_note(named(step.node) + ": " + std::string(kept) +
                    " counts, as the other one cannot run at these sizes: " + dropped.error);
    return;
  }
  const std::string values = sizes_.open_values();
  trace_.add_note("the costlier branch of each If counts, as which one runs hangs on the data" +
                  (values.empty() ? "" : "; values of inputs may tell it:" + values));
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

/// Follows a body once, as what it does `turns.times` often, with the sizes that go into the first turn. Where a turn
/// changes them each is followed by itself; if that is too much, or how many there are is not known, one counts.
std::vector<Value> Follower::repeat(const Step& step, const Graph& body, std::vector<Value>& given, Turns& turns) {
  const Stacks stacks = scopes_.stacks(body.nodes, step.stack);
  std::vector<Value> first = given;
  for (std::size_t i = turns.asks ? 2 : 0; i < given.size(); ++i) {
    given[i].known.elements.reset(), given[i].known.reals.reset();
    if (i >= turns.first_in + turns.states) first[i].known = given[i].known;
  }
  for (;;) {
    const std::size_t start = trace_.size();
    std::vector<Value> out = run_turns(step, body, given, stacks, turns.times ? Count(*turns.times) : Count(1));
    if (out.size() < turns.first_out + turns.states) throw Error(named(step.node) + ": its body makes too few outputs");
    bool again = false;
    for (std::size_t i = 0; i < turns.states; ++i) {
      Known& before = given[turns.first_in + i].known;
      Known both = common(before, out[turns.first_out + i].known);
      again = again || both.shape != before.shape || both.has_rank != before.has_rank;
      out[turns.first_out + i].known = both;
      before = std::move(both);
    }
    if (turns.times == 0) trace_.drop(start, trace_.size());
    if (!again || turns.times == 0) return out;
    trace_.drop(start, trace_.size());
    if (can_unroll(body, turns)) return unroll(step, body, std::move(first), stacks, turns);
    turns.times.reset();
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
  constexpr std::int64_t kEndless = INT64_MAX;
  const auto given_element = [&](std::size_t i, std::int64_t absent) {
    return i < step.in.size() && step.in[i] != kAbsent ? only_element(values_[step.in[i]].known)
                                                       : std::optional<std::int64_t>(absent);
  };
  const Graph& inner = *body(step.node, "body");
  Turns turns{.times = {}, .asks = true, .first_in = 2, .first_out = 1};
  turns.states = step.in.size() > 2 ? step.in.size() - 2 : 0;
  std::vector<Value> given{value_of(scalar(DType::i64)), value_of(scalar(DType::boolean))};
  given[1].known.elements = {1};
  for (std::size_t i = 2; i < step.in.size(); ++i) given.push_back(value_of(known_of(step.in[i])));
  const std::optional<std::int64_t> most = given_element(0, kEndless), starts = given_element(1, 1);
  if (starts == 0 || (most && *most < 1)) {
    turns.times = 0;
  } else if (starts && most) {
    turns.times = count_turns(step, inner, given, *most);
  }
  if (turns.times == kEndless) turns.times.reset();
  std::vector<Value> out = repeat(step, inner, given, turns);
  leave(step, std::move(out), turns, {});
}

void Follower::scan(const Step& step) {
  const Node& node = step.node;
  const std::int64_t scanned = node.integer("num_scan_inputs", 0);
  const auto inputs = static_cast<std::int64_t>(step.in.size());
  if (scanned < 1 || scanned > inputs) throw Error(named(node) + ": it has no input to scan");
  const auto states = static_cast<std::size_t>(inputs - scanned);
  Turns turns{.times = std::nullopt, .asks = false, .first_in = 0, .first_out = 0, .states = states};
  std::vector<Value> given;
  for (std::size_t i = 0; i < step.in.size(); ++i) {
    Known known = known_of(step.in[i]);
    if (i >= states && known.has_rank) {
      const std::vector<std::int64_t>& axes = node.integers("scan_input_axes");
      std::int64_t axis = i - states < axes.size() ? axes[i - states] : 0;
      const auto rank = static_cast<std::int64_t>(known.shape.size());
      if (axis < 0) axis += rank;
      if (axis < 0 || axis >= rank) throw CannotRun(named(node) + ": it scans an axis that its input does not have");
      const std::int64_t size = known.shape[static_cast<std::size_t>(axis)];
      if (size >= 0) turns.times = size;
      known.shape.erase(known.shape.begin() + axis);
    }
    given.push_back(value_of(std::move(known)));
  }
  if (opset("", step.context) < 9) turns.times.reset();  // version 8 has batches, and a length for each sequence
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
