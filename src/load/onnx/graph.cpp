// Follows nodes one by one, and works out what comes out of each.
#include "load/onnx/graph.h"

#include <algorithm>

namespace thoplw::onnx {
namespace {

constexpr int kDeepest = 200;  ///< calls of functions and bodies of control flow inside of each other

std::string place_of(const Node& node) {
  return "node '" + std::string(node.name.empty() ? node.outputs.empty() ? "" : node.outputs.front() : node.name) +
         "' (" + std::string(node.op_type) + ")";
}

/// What a copy copies: tensor and graphs are shared.
std::size_t listed_in(const Attribute& attribute) {
  return 1 + attribute.integers.size() + attribute.reals.size() + attribute.texts.size();
}

/// Were its elements all worked out? Then it is arithmetic on sizes, which a live model does in Python.
bool is_followed(const Known& known) { return known.elements || known.reals; }

bool is_settled(const Known& known) {
  if (known.reals) return std::ranges::none_of(*known.reals, [](double x) { return x != x; });
  return known.elements && std::ranges::find(*known.elements, kUnknown) == known.elements->end();
}

}  // namespace

Follower::Follower(const Model& model, const Sizes& sizes, Scopes& scopes, TraceBuilder& trace)
    : model_(model), sizes_(sizes), scopes_(scopes), trace_(trace), weights_(model, scopes, trace) {
  std::size_t nodes = model.graph.nodes.size();
  for (const Function& function : model.functions) {
    functions_.try_emplace({function.name, function.domain, function.overload}, &function);
    nodes += function.nodes.size();
  }
  // Functions that call each other can ask for any number of steps; those of real files are followed a few times.
  steps_left_ = 1'500'000 + 4 * model.records;
  elements_left_ = 4'000'000 + 64 * nodes;
}

void Follower::follow() {
  Context context;
  context.opsets = &model_.opsets;
  enter(model_.graph, context);
  for (const ValueInfo& input : model_.graph.inputs) {
    if (context.names.contains(input.name)) continue;  // a weight that callers may replace
    Value value;
    value.known = sizes_.input(input);
    context.names.emplace(input.name, add(std::move(value)));
  }
  follow_nodes(model_.graph.nodes, context, scopes_.stacks(model_.graph.nodes, {}));
  for (const ValueInfo& output : model_.graph.outputs) {
    const Ref ref = find(output.name, context);
    if (ref == kUnmade) throw Error("output '" + std::string(output.name) + "' is made by no node");
    trace_.add_output(id_of(ref));
  }
  weights_.finish();
}

Follower::Ref Follower::add(Value value) {
  keep_elements(value.known);
  values_.push_back(std::move(value));
  return values_.size() - 1;
}

/// Elements of all values together are bounded: a damaged file may copy them any number of times.
void Follower::keep_elements(Known& known) {
  const std::size_t count = (known.elements ? known.elements->size() : 0) + (known.reals ? known.reals->size() : 0) +
                            (known.items ? known.items->size() : 0);
  if (count <= elements_left_) {
    elements_left_ -= count;
    return;
  }
  known.elements.reset();
  known.reals.reset();
  known.items.reset();
}

/// A step is anything that a graph lists: what a body has, it has anew each time that it is followed. Weights take more
/// memory than others.
void Follower::spend(std::size_t steps) {
  if (steps > steps_left_) throw Error("its functions call each other more often than a file of its size can mean");
  steps_left_ -= steps;
}

void Follower::enter(const Graph& graph, Context& context) {
  spend(4 * graph.initializers.size() + graph.inputs.size() + graph.outputs.size() + graph.values.size());
  for (const auto* infos : {&graph.values, &graph.outputs}) {
    for (const ValueInfo& info : *infos) context.infos.emplace(info.name, &info);
  }
  for (const TensorData& tensor : graph.initializers) {
    Value value;
    value.known = onnx::known(tensor);
    value.data = &tensor;
    value.origin = values_.size();
    value.fixed = is_integral(tensor.dtype) && is_followed(value.known);
    context.names.insert_or_assign(tensor.name, add(std::move(value)));
  }
}

Follower::Ref Follower::find(std::string_view name, const Context& context) const {
  for (const Context* at = &context; at; at = at->outer) {
    if (const auto found = at->names.find(name); found != at->names.end()) return found->second;
  }
  return kUnmade;
}

std::vector<Follower::Ref> Follower::inputs(const Node& node, const Context& context) const {
  std::vector<Ref> in;
  for (std::string_view name : node.inputs) {
    in.push_back(name.empty() ? kAbsent : find(name, context));
    if (in.back() == kUnmade) {
      throw Error(place_of(node) + " reads '" + std::string(name) +
                  "', which nothing before it makes: the file is damaged, or its nodes are in no order or in a cycle");
    }
  }
  return in;
}

std::int64_t Follower::opset(std::string_view domain, const Context& context) const {
  for (const Opsets* opsets : {context.opsets, &model_.opsets}) {
    const auto found = std::ranges::find(*opsets, domain, [](const auto& entry) { return entry.first; });
    if (found != opsets->end()) return found->second;
  }
  return 1;
}

void Follower::follow_nodes(std::span<const Node> nodes, Context& context, const Stacks& stacks) {
  if (context.depth > kDeepest) throw Error("functions call each other without end, or more than 200 deep");
  for (std::size_t i = 0; i < nodes.size(); ++i) follow_node(nodes[i], *stacks[i], context);
}

/// A node of a function, with the attributes of the call in place of those that refer to them.
Node Follower::bound(const Node& node, const Bindings& bindings) const {
  Node copy = node;
  std::erase_if(copy.attributes, [&](Attribute& attribute) {
    if (attribute.ref.empty()) return false;
    const auto given = bindings.find(attribute.ref);
    if (given == bindings.end()) return true;
    const std::string_view name = attribute.name;
    attribute = *given->second.attribute;
    if (!attribute.origin) attribute.origin = given->second.attribute;
    if (!attribute.home) attribute.home = given->second.home;
    attribute.name = name;
    return false;
  });
  return copy;
}

void Follower::follow_node(const Node& node, const Frames& stack, Context& context) {
  spend(1 + node.inputs.size() + node.outputs.size() + node.attributes.size());
  const bool refers = std::ranges::any_of(node.attributes, [](const Attribute& a) { return !a.ref.empty(); });
  if (refers) {
    const Bindings none;
    for (const Attribute& attribute : node.attributes) spend(listed_in(attribute));
    const Node copy = bound(node, context.bindings ? *context.bindings : none);
    Step step = step_of(copy, stack, context);
    return operate(step);
  }
  Step step = step_of(node, stack, context);
  operate(step);
}

/// What the file itself says of a value.
Known Follower::told(std::string_view name, const Context& context) const {
  const auto found = context.infos.find(name);
  return found == context.infos.end() ? Known() : sizes_.known(*found->second);
}

Follower::Step Follower::step_of(const Node& node, const Frames& stack, Context& context) const {
  Step step{node, stack, context, inputs(node, context), {}};
  for (Ref ref : step.in) step.known.push_back(ref == kAbsent ? nullptr : &values_[ref].known);
  return step;
}

NodeView Follower::view(const Step& step) const {
  return {step.node, step.known, opset(step.node.domain, step.context)};
}

void Follower::infer(const Step& step, const Operator& op, std::span<Known> out) const {
  try {
    op.infer(view(step), out);
  } catch (const Error& error) {
    throw CannotRun(place_of(step.node) + ": " + error.what());
  }
}

void Follower::define(const Step& step, std::size_t output, Value value) {
  if (output >= step.node.outputs.size() || step.node.outputs[output].empty()) return;
  step.context.names.insert_or_assign(step.node.outputs[output], add(std::move(value)));
}

void Follower::operate(Step& step) {
  if (control(step)) return;
  const Node& node = step.node;
  if (node.op_type == "Identity" && node.domain.empty() && step.in.size() == 1 && step.in[0] != kAbsent &&
      values_[step.in[0]].data && !node.outputs.empty()) {
    step.context.names.insert_or_assign(node.outputs[0], step.in[0]);  // a weight that has two names
    return;
  }
  std::vector<Known> known;
  for (std::string_view output : node.outputs) known.push_back(told(output, step.context));
  const Operator* op = find_operator(node.domain, node.op_type);
  if (op) infer(step, *op, known);
  const bool fixed = std::ranges::all_of(step.in, [&](Ref ref) { return ref == kAbsent || values_[ref].fixed; });
  const bool followed = op && !known.empty() && std::ranges::all_of(known, is_followed);
  std::vector<Ref> out;
  for (std::size_t i = 0; i < known.size(); ++i) {
    Value value;
    value.fixed = op && (fixed || is_settled(known[i]));
    value.known = std::move(known[i]);
    if (const TensorData* kept = node.op_type == "Constant" ? weights_.keep(node) : nullptr) {
      value.data = kept;
      value.origin = values_.size();
    } else if (const Value* weight = handed_on(step)) {
      value.data = weight->data;
      value.origin = weight->origin;
      value.dequantized = weight->dequantized || node.op_type == "DequantizeLinear";
      value.starts = weight->starts;
    }
    out.push_back(node.outputs[i].empty() ? kAbsent : add(std::move(value)));
  }
  if (!op || (!fixed && !followed) || reads_table(step)) {
    write(step, op, out);
  } else {
    write_folded(step, *op, out);
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != kAbsent) step.context.names.insert_or_assign(node.outputs[i], out[i]);
  }
}

}  // namespace thoplw::onnx
