// Follows nodes one by one: works out what comes out of each, and writes those that are work into the trace.
#include "load/onnx/graph.h"

#include <algorithm>

#include "cost/formulas.h"
#include "cost/rule.h"
#include "load/onnx/weight_slots.h"

namespace thoplw::onnx {
namespace {

constexpr int kDeepest = 200;  ///< calls of functions and bodies of control flow inside of each other

std::string place_of(const Node& node) {
  return "node '" + std::string(node.name.empty() ? node.outputs.empty() ? "" : node.outputs.front() : node.name) +
         "' (" + std::string(node.op_type) + ")";
}

/// "com.example::Foo", for what has no rule; never the name of a rule.
std::string unknown_name(const Node& node) {
  const std::string name = std::string(node.domain.empty() ? "onnx" : node.domain) + "::" + std::string(node.op_type);
  return find_rule(name) ? "onnx:" + name : name;
}

bool is_contraction(WorkFn work) {
  constexpr WorkFn kContractions[] = {work::matmul,         work::linear,  work::addmm,    work::convolution,
                                      work::conv_transpose, work::baddbmm, work::onnx_gemm};
  return std::ranges::find(kContractions, work) != std::end(kContractions);
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
    attribute = *given->second;
    if (!attribute.origin) attribute.origin = given->second;
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
    Step step{copy, stack, context, inputs(copy, context)};
    return operate(step);
  }
  Step step{node, stack, context, inputs(node, context)};
  operate(step);
}

/// What the file itself says of a value.
Known Follower::told(std::string_view name, const Context& context) const {
  const auto found = context.infos.find(name);
  return found == context.infos.end() ? Known() : sizes_.known(*found->second);
}

NodeView Follower::view(const Step& step, std::vector<const Known*>& known) const {
  for (Ref ref : step.in) known.push_back(ref == kAbsent ? nullptr : &values_[ref].known);
  return {step.node, known, opset(step.node.domain, step.context)};
}

void Follower::infer(const Step& step, const Operator& op, std::span<Known> out) const {
  std::vector<const Known*> known;
  try {
    op.infer(view(step, known), out);
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
    if (node.op_type == "Constant" && weights_.keep(node)) {
      value.data = node.tensor("value");
      value.origin = values_.size();
    } else if (const Value* weight = handed_on(step)) {
      value.data = weight->data;
      value.origin = weight->origin;
      value.dequantized = weight->dequantized || node.op_type == "DequantizeLinear";
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

/// The value in the trace. What is not known is empty; then its operators have no rule.
Id Follower::id_of(Ref ref) {
  if (ref == kAbsent) return kNone;
  Value& value = values_[ref];
  if (value.id == kNone) {
    const Known& known = value.known;
    value.id = trace_.add_value({.dtype = known.dtype, .shape = known.whole() ? known.shape : Dims{0}, .stored = -1});
  }
  return value.id;
}

/// A linear layer of more than two dimensions is written as a product and an addition.
bool Follower::adds_bias(const Step& step) const {
  if (step.node.op_type != "Add" || step.in.size() != 2) return false;
  const auto is_bias = [&](Ref ref) {
    const Value& value = values_[ref];
    return value.data && is_floating(value.known.dtype) && value.known.shape.size() == 1;
  };
  const auto [a, b] = std::pair(step.in[0], step.in[1]);
  if (a == kAbsent || b == kAbsent) return false;
  return (values_[a].product && is_bias(b)) || (values_[b].product && is_bias(a));
}

/// The weight whose elements a node hands on, or null: what reads its results uses it. Arithmetic of an integer with
/// constants undoes its quantization.
const Value* Follower::handed_on(const Step& step) const {
  const auto weight = [&](std::size_t slot) -> const Value* {
    if (slot >= step.in.size() || step.in[slot] == kAbsent) return nullptr;
    const Value& value = values_[step.in[slot]];
    return value.data ? &value : nullptr;
  };
  if (hands_on(step.node, 0)) return weight(0);
  constexpr std::string_view kArithmetic[] = {"Add", "Div", "Mul", "Sub"};
  if (step.in.size() != 2 || std::ranges::find(kArithmetic, step.node.op_type) == std::end(kArithmetic)) return nullptr;
  const auto is_quantized = [](const Value& value) {
    const DType dtype = value.data->dtype;
    return !value.known.shape.empty() && (dtype == DType::i8 || dtype == DType::u8 || dtype == DType::bits);
  };
  const auto is_constant = [&](std::size_t slot) {
    return step.in[slot] != kAbsent && (values_[step.in[slot]].data || values_[step.in[slot]].fixed);
  };
  for (const std::size_t slot : {0U, 1U}) {
    if (weight(slot) && is_quantized(*weight(slot)) && is_constant(1 - slot)) return weight(slot);
  }
  return nullptr;
}

/// An input of the operator that the node is; `work` is null where it has no rule.
Id Follower::input_of(const Step& step, std::size_t slot, std::size_t place, WorkFn work) {
  const Value& value = values_[step.in[slot]];
  // torch's exporter gives a convolution without a bias one of zeros.
  const bool convolution = work == work::convolution || work == work::conv_transpose;
  if (convolution && place == 2 && value.fixed && !value.data) return kNone;
  const Id id = id_of(step.in[slot]);
  const Value* carried = handed_on(step);
  if (carried && carried->data == value.data && weights_.may_be_weight(*value.data)) return id;
  const Reading reading = reading_of(step, slot);
  const bool weight = value.data && !carried && weights_.is_weight(*value.data, reading);
  // A constant is none of the tensors that a module was called with, as live it is a number.
  const bool only_result = work == work::elementwise || work == work::activation || work == work::nothing;
  if (!weight && (value.fixed || value.data) && only_result) return kNone;
  return weight ? weights_.read(*value.data, reading) : id;
}

/// Is it added to a product, be that scaled or moved, along one dimension?
bool Follower::is_bias(const Step& step, std::size_t slot) const {
  const std::string_view op = step.node.op_type;
  if ((op != "Add" || step.in.size() != 2) && op != "QLinearAdd") return false;
  const Dims& sizes = values_[step.in[slot]].known.shape;
  if (std::ranges::count_if(sizes, [](std::int64_t size) { return size != 1; }) != 1) return false;
  return std::ranges::any_of(step.in, [&](Ref ref) { return ref != kAbsent && values_[ref].of_product; });
}

Reading Follower::reading_of(const Step& step, std::size_t slot) {
  const Ref ref = step.in[slot];
  const Value& value = values_[ref];
  return {.node = step.node,
          .slot = slot,
          .stack = step.stack,
          .value = id_of(ref),
          .stored = value.data ? id_of(value.origin) : kNone,
          .dequantized = value.dequantized,
          .bias = is_bias(step, slot)};
}

/// Weights that the operator of the rule table has no place for, behind its inputs.
void Follower::add_unread(const Step& step, const std::vector<int>& read, std::vector<Id>& in) {
  for (std::size_t slot = 0; slot < step.in.size(); ++slot) {
    const TensorData* data = step.in[slot] == kAbsent ? nullptr : values_[step.in[slot]].data;
    if (!data || std::ranges::find(read, static_cast<int>(slot)) != read.end()) continue;
    const Reading reading = reading_of(step, slot);
    if (weights_.is_weight(*data, reading)) in.push_back(weights_.read(*data, reading));
  }
  for (const Id id : weights_.read_attributes(step.node, step.stack)) in.push_back(id);
}

/// A parameter, or numbers in rows: what is done with them is no arithmetic on sizes, although it can be followed.
bool Follower::reads_table(const Step& step) const {
  return std::ranges::any_of(step.in, [&](Ref ref) {
    const TensorData* data = ref == kAbsent ? nullptr : values_[ref].data;
    return data && is_floating(data->dtype) && (data->dims.size() > 1 || !weights_.constant(*data));
  });
}

/// Tensors of the file that the node reads beside parameters: the number of each, and how many elements it has.
std::vector<std::int64_t> Follower::constants(const Step& step) {
  std::vector<std::int64_t> found;
  for (const Ref ref : step.in) {
    const TensorData* data = ref == kAbsent || values_[ref].origin != ref ? nullptr : values_[ref].data;
    const std::optional<std::size_t> number = data ? weights_.constant(*data) : std::nullopt;
    if (!number || data->dims.empty()) continue;
    if (handed_on(step) && weights_.may_be_weight(*data)) {
      weights_.defer(*data);
      continue;
    }
    found.push_back(static_cast<std::int64_t>(*number));
    found.push_back(static_cast<std::int64_t>(numel(data->dims).value()));
  }
  return found;
}

/// Arithmetic that a live model does in Python is no work, but a node of the file. What it reads is not shown, as no
/// module is called with it.
void Follower::write_folded(const Step& step, const Operator& op, std::span<const Ref> out) {
  if (step.in.empty() || out.empty() || out[0] == kAbsent) return;
  std::vector<const Known*> known;
  const std::string name = op.map(view(step, known)).name;
  const Rule* rule = find_rule(name);
  const bool reduces = rule && rule->work == work::reduction;
  if (!reduces && (!rule || rule->work != work::elementwise)) return;
  const Ref counted = reduces ? step.in[0] : out[0];
  if (counted == kAbsent || !values_[counted].known.whole() || values_[counted].known.shape.empty()) return;
  const Known& elements = values_[counted].known;
  NewOp folded{.name = "onnx::folded", .in = {}, .out = {}, .attrs = {{"of", name}}};
  folded.out.push_back(trace_.add_value({.dtype = elements.dtype, .shape = elements.shape, .stored = -1}));
  if (auto read = constants(step); !read.empty()) folded.attrs.push_back({"constants", std::move(read)});
  trace_.add_op({}, std::move(folded));
}

bool Follower::scales_product(const Step& step) const {
  const std::string_view op = step.node.op_type;
  const bool scales = op == "Cast" || op == "Mul" || op == "QuantizeLinear" || op == "DequantizeLinear";
  return scales && std::ranges::any_of(step.in, [&](Ref ref) { return ref != kAbsent && values_[ref].of_product; });
}

void Follower::write(const Step& step, const Operator* op, std::span<const Ref> out) {
  Mapped mapped;
  std::vector<const Known*> known;
  if (op) mapped = op->map(view(step, known));
  for (std::size_t i = 0; !op && i < step.in.size(); ++i) mapped.in.push_back(static_cast<int>(i));
  if (adds_bias(step)) mapped.name = "onnx::add_bias";
  const Rule* rule = op ? find_rule(mapped.name) : nullptr;
  const WorkFn work = rule ? rule->work : nullptr;
  NewOp written{.name = mapped.name, .in = {}, .out = {}, .attrs = std::move(mapped.attrs)};
  bool whole = true;
  for (const int number : mapped.in) {
    const auto slot = static_cast<std::size_t>(number);
    const bool absent = number < 0 || slot >= step.in.size() || step.in[slot] == kAbsent;
    whole = whole && (absent || values_[step.in[slot]].known.whole());
    written.in.push_back(absent ? kNone : input_of(step, slot, written.in.size(), work));
  }
  if (!handed_on(step)) add_unread(step, mapped.in, written.in);
  for (const Ref ref : out) {
    written.out.push_back(id_of(ref));
    if (ref == kAbsent) continue;
    values_[ref].product = is_contraction(work);
    values_[ref].of_product = values_[ref].product || scales_product(step);
    whole = whole && values_[ref].known.whole();
  }
  const bool vague = op && !whole && work != work::nothing;
  if (!op || vague) {
    written.name = unknown_name(step.node);
    written.attrs.clear();
    if (vague && rule) written.attrs.push_back({"unknown_size", true});
  }
  if (auto read = constants(step); !read.empty()) written.attrs.push_back({"constants", std::move(read)});
  const bool part = mapped.part && !vague;
  trace_.add_op(step.stack, std::move(written));
  if (part) trace_.add_op(step.stack, {.name = unknown_name(step.node), .in = {}, .out = {}, .attrs = {}});
}

}  // namespace thoplw::onnx
