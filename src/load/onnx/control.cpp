// Follows nodes that have nodes in them: calls of functions, and branches.
#include <algorithm>

#include "load/onnx/graph.h"
#include "load/onnx/known.h"

namespace thoplw::onnx {

std::string named(const Node& node) {
  return std::string(node.op_type) + " '" +
         std::string(node.name.empty() && !node.outputs.empty() ? node.outputs.front() : node.name) + "'";
}

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
  for (const Attribute& attribute : function.defaults) bindings.insert_or_assign(attribute.name, Bound{&attribute});
  for (const Attribute& attribute : step.node.attributes) {
    bindings.insert_or_assign(attribute.name, Bound{&attribute, &step.context});
  }
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
Context Follower::inside(const Step& step, const Graph& body) {
  const auto holds = [&](const Attribute& attribute) {
    return attribute.home && !attribute.graphs.empty() && attribute.graphs.front().get() == &body;
  };
  const auto given = std::ranges::find_if(step.node.attributes, holds);
  const Context& around = given == step.node.attributes.end() ? step.context : *given->home;
  Context inner;
  inner.outer = &around;
  inner.depth = step.context.depth + 1;
  inner.opsets = around.opsets;
  inner.bindings = around.bindings;
  return inner;
}

/// Follows a body with the values that are given for its inputs; what its outputs are.
std::vector<Value> Follower::run(const Step& step, const Graph& body, std::span<const Value> given,
                                 const Stacks& stacks) {
  Context inner = inside(step, body);
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
      step.in.empty() || step.in[0] == kAbsent ? std::nullopt : element_of(&values_[step.in[0]].known);
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

}  // namespace thoplw::onnx
