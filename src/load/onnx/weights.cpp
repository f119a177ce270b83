// Tells parameters from constants: by torch's word, by name, and else by what nodes use them for.
#include "load/onnx/weights.h"

#include <algorithm>
#include <array>

#include "trace/format.h"

namespace thoplw::onnx {
namespace {

/// Inputs that hold weights, one bit each.
struct Slots {
  std::string_view op;
  unsigned bits;
};
constexpr auto kSlots = std::to_array<Slots>({
    {"Attention", 0b110},
    {"BatchNormalization", 0b110},
    {"Conv", 0b110},
    {"ConvInteger", 0b10},
    {"ConvTranspose", 0b110},
    {"DeformConv", 0b1010},
    {"DequantizeLinear", 0b1},
    {"Einsum", 0b111},
    {"FusedConv", 0b110},
    {"FusedMatMul", 0b11},
    {"GRU", 0b1110},
    {"Gather", 0b1},
    {"Gemm", 0b111},
    {"GroupNormalization", 0b110},
    {"InstanceNormalization", 0b110},
    {"LSTM", 0b10001110},
    {"LayerNormalization", 0b110},
    {"MatMul", 0b11},
    {"MatMulInteger", 0b11},
    {"MatMulNBits", 0b10},
    {"PRelu", 0b10},
    {"QLinearConv", 0b100001000},
    {"QLinearMatMul", 0b1001},
    {"RMSNormalization", 0b10},
    {"RNN", 0b1110},
    {"SimplifiedLayerNormalization", 0b10},
    {"SkipLayerNormalization", 0b11100},
    {"Transpose", 0b1},
});
constexpr bool out_of_order(const Slots& a, const Slots& b) { return a.op >= b.op; }
static_assert(std::adjacent_find(kSlots.begin(), kSlots.end(), out_of_order) == kSlots.end(),
              "kSlots is sorted by operator and has no operator twice");

/// Operators whose floating constants say how to do something, not what was learnt.
constexpr auto kSettings = std::to_array<std::string_view>(
    {"Clip", "DequantizeLinear", "DynamicQuantizeLinear", "NonMaxSuppression", "OneHot", "Pad", "Pow", "QLinearAdd",
     "QLinearConv", "QLinearMatMul", "QLinearMul", "QuantizeLinear", "Range", "Resize", "Upsample"});
static_assert(std::ranges::is_sorted(kSettings));

bool is_weight_slot(const Node& node, std::size_t slot) {
  const auto row = std::ranges::lower_bound(kSlots, node.op_type, {}, &Slots::op);
  return row != kSlots.end() && row->op == node.op_type && slot < 32 && (row->bits >> slot & 1U) != 0;
}

bool is_convolution(const Node& node) { return node.op_type == "Conv" || node.op_type == "ConvTranspose"; }

/// A table to look up in, or a matrix to turn, is a weight; a list of numbers is not.
bool needs_rank(const Node& node) { return node.op_type == "Gather" || node.op_type == "Transpose"; }

bool has_elements(const TensorData& tensor) {
  return !tensor.dims.empty() && !std::ranges::all_of(tensor.dims, [](std::int64_t size) { return size == 1; });
}

bool is_number(DType dtype) { return is_floating(dtype) || dtype == DType::bits || dtype == DType::f4; }
bool is_small_integer(DType dtype) { return dtype == DType::i8 || dtype == DType::u8 || dtype == DType::bits; }

std::string_view statistic_name(std::size_t slot) { return slot == 3 ? "running_mean" : "running_var"; }

std::string_view local_name(std::string_view name) { return name.substr(name.find_last_of("./:") + 1); }

std::string_view path_of(const Frames& stack) { return stack.empty() ? std::string_view() : stack.back().path; }

/// A name for what has lost its own. Formulas read running means, and the biases of recurrent layers, by their names.
std::string name_by_slot(std::string_view local, const Node& node, std::size_t slot) {
  if (node.op_type == "BatchNormalization" && slot >= 3) return std::string(statistic_name(slot));
  const bool recurrent = node.op_type == "LSTM" || node.op_type == "GRU" || node.op_type == "RNN";
  return (recurrent && slot == 3 ? "bias_" : "") + std::string(local);
}

std::string in_module(const Frames& stack, std::string_view name) {
  const std::string_view path = path_of(stack);
  return path.empty() ? std::string(name) : std::string(path) + "." + std::string(name);
}

std::string some_of(const std::vector<std::string_view>& names) {
  constexpr std::size_t kShown = 3;
  std::string text;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i) text += (i ? ", " : "") + std::string(names[i]);
  return names.size() > kShown ? text + ", ..." : text;
}

}  // namespace

Weights::Weights(const Model& model, const Scopes& scopes, TraceBuilder& trace)
    : model_(model), scopes_(scopes), trace_(trace), from_torch_(model.producer == "pytorch") {
  for (const ValueInfo& value : model.graph.values) {
    if (!value.role.empty()) roles_.emplace(value.name, value.role);
  }
  for (const TensorData& tensor : model.graph.initializers) entry(tensor);
}

Weights::Entry& Weights::entry(const TensorData& tensor) {
  const auto [found, fresh] = index_.try_emplace(&tensor, entries_.size());
  if (fresh) {
    Entry& made = entries_.emplace_back();
    made.tensor = &tensor;
    made.name = tensor.name;
    made.kind = kind_by_name(tensor);
  }
  return entries_[found->second];
}

Weights::Kind Weights::kind_by_name(const TensorData& tensor) const {
  if (const auto role = roles_.find(tensor.name); role != roles_.end()) {
    return role->second == "PARAMETER" ? Kind::parameter : role->second == "BUFFER" ? Kind::buffer : Kind::constant;
  }
  if (!roles_.empty() || !from_torch_ || Scopes::lost_name(tensor.name)) return Kind::unknown;
  const std::string_view local = local_name(tensor.name);
  if (local == "running_mean" || local == "running_var") return Kind::buffer;
  const bool folded = tensor.name.find('/') != std::string_view::npos;  // "/Constant_output_0"
  if (folded || (scopes_.naming() == Naming::metadata && !scopes_.owner(tensor.name))) return Kind::unknown;
  return is_number(tensor.dtype) ? Kind::parameter : Kind::buffer;
}

Weights::Kind Weights::kind_by_use(const TensorData& tensor, const Node& node, std::size_t slot) const {
  if (node.op_type == "BatchNormalization" && slot >= 3) return Kind::buffer;
  const bool slot_of_weight = is_weight_slot(node, slot) && (!needs_rank(node) || tensor.dims.size() > 1);
  if (slot_of_weight && (is_number(tensor.dtype) || is_small_integer(tensor.dtype))) return Kind::parameter;
  const bool made_by_folding = !roles_.empty() || from_torch_;
  if (made_by_folding || !is_number(tensor.dtype) || !has_elements(tensor)) return Kind::constant;
  return std::ranges::binary_search(kSettings, node.op_type) ? Kind::constant : Kind::parameter;
}

/// Modules of torch.nn have a weight of their own: where the file gives them that of another, the two are tied.
void Weights::tie(Entry& entry, const Node& node, std::size_t slot, const Frames& stack) {
  if (entry.lost || entry.kind != Kind::parameter || path_of(stack).empty()) return;
  const std::string_view cls = stack.back().cls, path = stack.back().path;
  if (scopes_.owner(entry.tensor->name) == path) {
    entry.owner_ran = true;
    return;
  }
  const bool has_weight = cls.starts_with("torch.nn.") && (cls.ends_with(".Embedding") || cls.ends_with(".Linear"));
  if (!has_weight || !is_weight_slot(node, slot) || entry.tensor->dims.size() != 2) return;
  std::vector<std::string>& names = entry.owner_ran ? entry.after : entry.before;
  std::string name = in_module(stack, "weight");
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

/// A batch norm's running mean or variance.
Id Weights::statistic(const TensorData& tensor, Id value, std::size_t slot, const Frames& stack) {
  const std::string_view local = statistic_name(slot);
  const bool shared = local_name(tensor.name) != local && entry(tensor).kind != Kind::unknown;
  if (!shared || path_of(stack).empty()) return value;
  const auto [found, fresh] = statistics_.try_emplace(in_module(stack, local), kNone);
  if (fresh) found->second = trace_.add_value(trace_.value(value));
  return found->second;
}

void Weights::note_folding(const TensorData& tensor, const Node& node, std::size_t slot) {
  if (slot != 1) return;
  const bool traced = is_convolution(node) && from_torch_ && Scopes::lost_name(tensor.name);
  if (traced || node.note(kRewrite).find("BatchNorm") != std::string_view::npos) folded_.insert(tensor.name);
}

/// What a tensor is of which its name does not say it.
void Weights::settle(Entry& entry, const Node& node, std::size_t slot, const Frames& stack) {
  const TensorData& tensor = *entry.tensor;
  entry.kind = kind_by_use(tensor, node, slot);
  if (entry.kind == Kind::constant) {
    if (is_number(tensor.dtype) && has_elements(tensor)) left_out_.push_back(tensor.name);
    return;
  }
  if (scopes_.owner(tensor.name) == path_of(stack)) return;
  entry.lost = true;
  entry.name = in_module(stack, name_by_slot(local_name(tensor.name), node, slot));
  if (from_torch_) lost_.push_back(tensor.name);
}

bool Weights::is_weight(const TensorData& tensor, const Node& node, std::size_t slot, const Frames& stack) {
  Entry& entry = this->entry(tensor);
  if (entry.kind == Kind::unknown) settle(entry, node, slot, stack);
  return entry.kind != Kind::constant;
}

std::optional<std::size_t> Weights::constant(const TensorData& tensor) const {
  const auto known = index_.find(&tensor);
  if (known == index_.end() || known->second >= model_.graph.initializers.size()) return std::nullopt;
  const Kind kind = entries_[known->second].kind;
  if (kind == Kind::parameter || kind == Kind::buffer) return std::nullopt;
  return known->second;
}

Id Weights::read(const TensorData& tensor, Id value, const Node& node, std::size_t slot, const Frames& stack) {
  note_folding(tensor, node, slot);
  if (node.op_type == "BatchNormalization" && slot >= 3) {
    if (const Id own = statistic(tensor, value, slot, stack); own != value) return own;
  }
  Entry& entry = this->entry(tensor);
  entry.value = value;
  if (entry.kind == Kind::unknown) settle(entry, node, slot, stack);
  entry.first_read = std::min(entry.first_read, reads_++);
  tie(entry, node, slot, stack);
  return value;
}

void Weights::note_all() {
  if (!folded_.empty()) {
    trace_.add_note(
        formatted("a batch norm is folded into {} of the layers: its work and its parameters are not in the file",
                  folded_.size()));
  }
  if (!lost_.empty()) {
    trace_.add_note(formatted(
        "{} weights lost their names when the exporter folded constants ({}): each counts for the module that reads it",
        lost_.size(), some_of(lost_)));
  }
  if (!left_out_.empty() && from_torch_) {
    trace_.add_note(
        formatted("{} constants were folded by the exporter ({}): parameters that went into them are not counted",
                  left_out_.size(), some_of(left_out_)));
  }
}

void Weights::finish() {
  // The order of a file is that of the model, but for what folding put behind all others.
  if (!lost_.empty()) std::ranges::stable_sort(entries_, {}, &Entry::first_read);
  for (Entry& entry : entries_) {
    if (entry.kind != Kind::parameter && entry.kind != Kind::buffer) continue;
    const bool parameter = entry.kind == Kind::parameter;
    if (entry.value == kNone) {
      entry.value = trace_.add_value({.dtype = entry.tensor->dtype, .shape = entry.tensor->dims, .stored = -1});
    }
    for (const std::string& name : entry.before) trace_.add_param(name, entry.value, false, true);
    trace_.add_param(entry.name, entry.value, !parameter, parameter);
    for (const std::string& name : entry.after) trace_.add_param(name, entry.value, false, true);
  }
  for (const auto& [name, value] : statistics_) trace_.add_param(name, value, true, false);
  note_all();
}

}  // namespace thoplw::onnx
