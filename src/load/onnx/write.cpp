// Writes nodes that are work into the trace: as which operator, and which of their inputs are weights.
#include <algorithm>

#include "load/onnx/graph.h"
#include "load/onnx/weight_slots.h"
#include "operators/rule.h"
#include "operators/work/formulas.h"

namespace thoplw::onnx {
namespace {

/// "com.example::Foo", for what has no rule; never the name of a rule.
std::string unknown_name(const Node& node) {
  const std::string name = std::string(node.domain.empty() ? "onnx" : node.domain) + "::" + std::string(node.op_type);
  return find_rule(name) ? "onnx:" + name : name;
}

/// `formula` is null where the operator has no rule.
bool is_one_of(const Formula* formula, std::initializer_list<const Formula*> these) {
  return std::ranges::find(these, formula) != these.end();
}

bool is_contraction(const Formula* formula) {
  return is_one_of(formula, {&work::matmul, &work::linear, &work::addmm, &work::convolution, &work::conv_transpose,
                             &work::baddbmm, &work::onnx_gemm});
}

}  // namespace

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
    return value.data && !value.starts && is_floating(value.known.dtype) && value.known.shape.size() == 1;
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

/// An input of the operator that the node is; `formula` is null where it has no rule.
Id Follower::input_of(const Step& step, std::size_t slot, std::size_t place, const Formula* formula) {
  const Value& value = values_[step.in[slot]];
  // torch's exporter gives a convolution without a bias one of zeros.
  const bool convolution = is_one_of(formula, {&work::convolution, &work::conv_transpose});
  if (convolution && place == 2 && value.fixed && !value.data) return kNone;
  const Id id = id_of(step.in[slot]);
  const Value* carried = handed_on(step);
  if (carried && carried->data == value.data && weights_.may_be_weight(*value.data)) return id;
  const Reading reading = reading_of(step, slot);
  const bool weight = value.data && !carried && weights_.is_weight(*value.data, reading);
  // A constant is none of the tensors that a module was called with, as live it is a number.
  const bool only_result = is_one_of(formula, {&work::elementwise, &work::activation, &work::nothing});
  if (!weight && (value.fixed || value.data) && only_result) return kNone;
  return weight ? weights_.read(*value.data, reading) : id;
}

/// Is it added to a product, be that scaled or moved, along one dimension?
bool Follower::is_bias(const Step& step, std::size_t slot) const {
  const std::string_view op = step.node.op_type;
  if (((op != "Add" || step.in.size() != 2) && op != "QLinearAdd") || values_[step.in[slot]].starts) return false;
  const Dims& sizes = values_[step.in[slot]].known.shape;
  if (std::ranges::count_if(sizes, [](std::int64_t size) { return size != 1; }) != 1) return false;
  return std::ranges::any_of(step.in, [&](Ref ref) { return ref != kAbsent && values_[ref].of_product; });
}

Reading Follower::reading_of(const Step& step, std::size_t slot) {
  const Ref ref = step.in[slot];
  const Value& value = values_[ref];
  return {.view = view(step),
          .slot = slot,
          .stack = step.stack,
          .value = id_of(ref),
          .stored = value.data ? id_of(value.origin) : kNone,
          .dequantized = value.dequantized,
          .starts = value.starts,
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
  const std::string name = op.map(view(step)).name;
  const Rule* rule = find_rule(name);
  const bool reduces = rule && rule->formula == work::reduction;
  if (!reduces && (!rule || rule->formula != work::elementwise)) return;
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
  if (op) mapped = op->map(view(step));
  for (std::size_t i = 0; !op && i < step.in.size(); ++i) mapped.in.push_back(static_cast<int>(i));
  if (adds_bias(step)) mapped.name = "onnx::add_bias";
  const Rule* rule = op ? find_rule(mapped.name) : nullptr;
  const Formula* formula = rule ? &rule->formula : nullptr;
  NewOp written{.name = mapped.name, .in = {}, .out = {}, .attrs = std::move(mapped.attrs)};
  bool whole = true;
  for (const int number : mapped.in) {
    const auto slot = static_cast<std::size_t>(number);
    const bool absent = number < 0 || slot >= step.in.size() || step.in[slot] == kAbsent;
    whole = whole && (absent || values_[step.in[slot]].known.whole());
    written.in.push_back(absent ? kNone : input_of(step, slot, written.in.size(), formula));
  }
  if (!handed_on(step)) add_unread(step, mapped.in, written.in);
  for (const Ref ref : out) {
    written.out.push_back(id_of(ref));
    if (ref == kAbsent) continue;
    values_[ref].product = is_contraction(formula);
    values_[ref].of_product = values_[ref].product || scales_product(step);
    whole = whole && values_[ref].known.whole();
  }
  const bool vague = op && !whole && !(rule && !rule->formula.computes());
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
