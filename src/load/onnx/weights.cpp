// Tells parameters from constants: by what torch says, by name, or else by what nodes use them for.
#include "load/onnx/weights.h"

#include <algorithm>

#include "base/formatted.h"
#include "load/onnx/masks.h"
#include "load/onnx/tensor_names.h"
#include "load/onnx/weight_slots.h"

namespace thoplw::onnx {
namespace {

bool is_convolution(const Node& node) { return node.op_type == "Conv" || node.op_type == "ConvTranspose"; }

bool has_elements(const TensorData& tensor) {
  return !tensor.dims.empty() && !std::ranges::all_of(tensor.dims, [](std::int64_t size) { return size == 1; });
}

/// The type of elements that are packed into those of a tensor: what it holds says how wide each is, unless some of it
/// is filling.
DType type_of(const Dims& sizes, const TensorData& packed) {
  const Count held = numel(packed.dims) * bits(packed.dtype);
  for (const DType type : {DType::u8, DType::u4, DType::u2}) {
    if (numel(sizes) * bits(type) == held) return type;
  }
  return DType::bits;
}

bool is_number(DType dtype) { return is_floating(dtype) || is_packed(dtype); }

/// What a Constant lists as numbers, not as a tensor.
TensorData as_tensor(const Attribute& list) {
  TensorData tensor;
  const bool real = list.kind == Attribute::Kind::reals;
  tensor.dtype = real ? DType::f32 : DType::i64;
  tensor.dims = {static_cast<std::int64_t>(real ? list.reals.size() : list.integers.size())};
  tensor.floats = list.reals;
  tensor.ints = list.integers;
  return tensor;
}

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

/// Others may have changed the file since, and put their own name into it.
bool is_from_torch(const Model& model, const Scopes& scopes) {
  return model.producer == "pytorch" || scopes.naming() != Naming::none ||
         std::ranges::any_of(model.graph.initializers, [&](const TensorData& tensor) {
           return local_name(name_before(tensor.name)) == "weight" && scopes.owner(tensor.name);
         });
}

}  // namespace

Weights::Weights(const Model& model, const Scopes& scopes, TraceBuilder& trace)
    : model_(model), scopes_(scopes), trace_(trace), from_torch_(is_from_torch(model, scopes)) {
  for (const ValueInfo& value : model.graph.values) {
    if (!value.role.empty()) roles_.emplace(value.name, value.role);
  }
  for (const TensorData& tensor : model.graph.initializers) {
    if (tensor.name.ends_with(kQuantizedEnding)) quantized_.insert(name_before(tensor.name));
  }
  for (const Node& node : model.graph.nodes) {
    if (!works_on_quantized(node.op_type)) continue;
    for (std::size_t i = 0; i < node.inputs.size(); ++i) {
      if (slot_of(node, i) == Slot::setting) settings_.insert(node.inputs[i]);
    }
  }
  for (const TensorData& tensor : model.graph.initializers) entry(tensor, tensor.name);
}

Weights::Entry& Weights::entry(const TensorData& tensor, std::string_view name) {
  const auto [found, fresh] = index_.try_emplace(&tensor, entries_.size());
  if (fresh) {
    Entry& made = entries_.emplace_back();
    made.tensor = &tensor;
    made.name = name_before(name);
    made.kind = kind_by_name(tensor, name);
  }
  return entries_[found->second];
}

/// The value of a Constant as a tensor.
const TensorData* Weights::tensor_of(const Node& constant) {
  for (const std::string_view name : {"value", "sparse_value"}) {
    if (const TensorData* tensor = constant.tensor(name)) return tensor;
  }
  for (const std::string_view name : {"value_floats", "value_ints"}) {
    const Attribute* list = constant.attribute(name);
    if (!list) continue;
    const auto [made, fresh] = lists_.try_emplace(list->origin ? list->origin : list);
    if (fresh) made->second = as_tensor(*list);
    return &made->second;
  }
  return nullptr;
}

const TensorData* Weights::keep(const Node& constant) {
  const TensorData* value = tensor_of(constant);
  if (!value || constant.outputs.empty()) return nullptr;
  const std::string_view name = constant.outputs.front();
  if (from_torch_ && !scopes_.owner(name)) return nullptr;
  entry(*value, name);
  return value;
}

/// Is it the scale or the zero point of a tensor that was quantized?
bool Weights::is_of_quantized(std::string_view name) const {
  if (settings_.contains(name)) return true;
  for (const std::string_view ending : {"_scale", "_zero_point"}) {
    if (name.ends_with(ending)) return quantized_.contains(name.substr(0, name.size() - ending.size()));
  }
  return false;
}

Weights::Kind Weights::kind_by_name(const TensorData& tensor, std::string_view name) const {
  if (is_of_quantized(name)) return Kind::constant;
  const std::string_view before = name_before(name);
  if (const auto role = roles_.find(before); role != roles_.end()) {
    return role->second == "PARAMETER" ? Kind::parameter : role->second == "BUFFER" ? Kind::buffer : Kind::constant;
  }
  if (!roles_.empty() || !from_torch_ || Scopes::lost_name(name)) return Kind::unknown;
  const std::string_view local = local_name(before);
  if (local == "running_mean" || local == "running_var") return Kind::buffer;
  const bool folded = name.find('/') != std::string_view::npos || is_result_name(name);  // "/Constant_output_0"
  if (folded || (scopes_.naming() == Naming::metadata && !scopes_.owner(name))) return Kind::unknown;
  if (!is_number(tensor.dtype) && before == name) return Kind::buffer;
  const bool named = local == "weight" || local == "bias";
  return !named && tensor.dims.size() > 1 && is_mask(tensor.first_reals(model_.need)) ? Kind::buffer : Kind::parameter;
}

Weights::Kind Weights::kind_by_use(const TensorData& tensor, const Reading& by) const {
  if (by.view.node.op_type == "BatchNormalization" && by.slot >= 3) return Kind::buffer;
  const Slot slot = by.starts ? Slot::state : slot_of(by.view.node, by.slot);
  const bool small = tensor.dtype == DType::i8 || tensor.dtype == DType::u8;
  const bool quantized = by.dequantized || (small && works_on_quantized(by.view.node.op_type));
  const bool number = is_number(tensor.dtype) || quantized;
  if (slot == Slot::table && (number || small) && tensor.dims.size() > 1) return Kind::parameter;
  if (slot == Slot::weight && tensor.dtype != DType::boolean) return Kind::parameter;
  const auto elements = [&] { return tensor.first_reals(model_.need); };
  if (by.bias && (number || small) && !hides(elements())) return Kind::parameter;
  const bool made_by_folding = !roles_.empty() || from_torch_;
  if (made_by_folding || slot == Slot::setting || !number || !has_elements(tensor)) return Kind::constant;
  const bool sets = is_mask(elements()) || (slot == Slot::state && is_filled(elements()));
  return sets ? Kind::constant : Kind::parameter;
}

/// Modules of torch.nn have a weight of their own: where the file gives them that of another, the two are tied.
void Weights::tie(Entry& entry, const Reading& by) {
  if (entry.lost || entry.kind != Kind::parameter || path_of(by.stack).empty()) return;
  const std::string_view cls = by.stack.back().cls, path = by.stack.back().path;
  if (scopes_.owner(entry.name) == path) {
    entry.owner_ran = true;
    return;
  }
  const bool has_weight = cls.starts_with("torch.nn.") && (cls.ends_with(".Embedding") || cls.ends_with(".Linear"));
  const Slot slot = slot_of(by.view.node, by.slot);
  const bool as_weight = slot == Slot::weight || slot == Slot::table;
  if (!has_weight || !as_weight || entry.tensor->dims.size() != 2) return;
  std::vector<std::string>& names = entry.owner_ran ? entry.after : entry.before;
  std::string name = in_module(by.stack, "weight");
  if (std::ranges::find(names, name) == names.end()) names.push_back(std::move(name));
}

/// A batch norm's running mean or variance.
Id Weights::statistic(const Entry& entry, const Reading& by) {
  const std::string_view local = statistic_name(by.slot);
  const bool shared = local_name(entry.name) != local && entry.kind != Kind::unknown;
  if (!shared || path_of(by.stack).empty()) return by.value;
  const auto [found, fresh] = statistics_.try_emplace(in_module(by.stack, local), kNone);
  if (fresh) found->second = trace_.add_value(trace_.value(by.value));
  return found->second;
}

void Weights::note_folding(const TensorData& tensor, const Reading& by) {
  if (by.slot != 1) return;
  const bool traced = is_convolution(by.view.node) && from_torch_ && Scopes::lost_name(tensor.name);
  if (traced || by.view.node.note(kRewrite).find("BatchNorm") != std::string_view::npos) folded_.insert(tensor.name);
}

/// What a tensor is of which its name does not say it.
void Weights::settle(Entry& entry, const Reading& by) {
  const TensorData& tensor = *entry.tensor;
  entry.kind = kind_by_use(tensor, by);
  if (entry.kind == Kind::constant) {
    if (is_number(tensor.dtype) && has_elements(tensor)) left_out_.push_back(tensor.name);
    return;
  }
  if (scopes_.owner(entry.name) == path_of(by.stack)) return;
  entry.lost = true;
  entry.name = in_module(by.stack, name_by_slot(local_name(entry.name), by.view.node, by.slot));
  if (from_torch_) lost_.push_back(tensor.name);
}

bool Weights::is_weight(const TensorData& tensor, const Reading& by) {
  Entry& entry = this->entry(tensor, tensor.name);
  if (entry.kind == Kind::unknown) settle(entry, by);
  return entry.kind != Kind::constant;
}

bool Weights::may_be_weight(const TensorData& tensor) {
  const Kind kind = entry(tensor, tensor.name).kind;
  const bool narrow = tensor.dtype == DType::i8 || tensor.dtype == DType::u8 || tensor.dtype == DType::i16;
  const bool unknown = kind == Kind::unknown && has_elements(tensor) && (narrow || is_number(tensor.dtype));
  return kind == Kind::parameter || kind == Kind::buffer || unknown;
}

std::optional<std::size_t> Weights::constant(const TensorData& tensor) const {
  const auto known = index_.find(&tensor);
  if (known == index_.end() || known->second >= model_.graph.initializers.size()) return std::nullopt;
  const Kind kind = entries_[known->second].kind;
  if (kind == Kind::parameter || kind == Kind::buffer) return std::nullopt;
  return known->second;
}

Id Weights::read(const TensorData& tensor, const Reading& by) {
  note_folding(tensor, by);
  Entry& entry = this->entry(tensor, tensor.name);
  if (by.view.node.op_type == "BatchNormalization" && by.slot >= 3) {
    if (const Id own = statistic(entry, by); own != by.value) return own;
  }
  if (entry.kind == Kind::unknown) settle(entry, by);
  if (scopes_.naming() == Naming::none && !entry.lost && !scopes_.owner(entry.name) && !path_of(by.stack).empty()) {
    entry.name = in_module(by.stack, entry.name);
  }
  entry.first_read = std::min(entry.first_read, reads_++);
  tie(entry, by);
  if (!entry.unpacked) entry.value = by.stored;
  const std::optional<Dims> sizes = entry.unpacked ? std::nullopt : unpacked(by.view, by.slot, tensor);
  if (sizes) {
    entry.unpacked = true;
    entry.value = trace_.add_value({.dtype = type_of(*sizes, tensor), .shape = *sizes, .stored = -1});
  }
  return entry.unpacked ? entry.value : by.value;
}

std::vector<Id> Weights::read_attributes(const Node& node, const Frames& stack) {
  std::vector<Id> read;
  for (const std::string_view name : weight_attributes(node)) {
    const Attribute* list = node.attribute(name);
    if (!list) continue;
    const Dims sizes = list->tensor ? list->tensor->dims : Dims{static_cast<std::int64_t>(list->reals.size())};
    if (sizes == Dims{0}) continue;
    const Id value = trace_.add_value({.dtype = DType::f32, .shape = sizes, .stored = -1});
    const auto [known, fresh] = attributes_.try_emplace(list->origin ? list->origin : list, value);
    if (fresh) in_attributes_.emplace_back(in_module(stack, name), value);
    read.push_back(known->second);
  }
  return read;
}

void Weights::defer(const TensorData& tensor) { entry(tensor, tensor.name).deferred = true; }

/// Constants of which no operator of the trace says that it reads them.
void Weights::add_deferred() {
  std::vector<std::int64_t> constants;
  for (std::size_t i = 0; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (!entry.deferred || entry.kind == Kind::parameter || entry.kind == Kind::buffer) continue;
    constants.push_back(static_cast<std::int64_t>(i));
    constants.push_back(static_cast<std::int64_t>(numel(entry.tensor->dims).value()));
  }
  if (constants.empty()) return;
  trace_.add_op({}, {.name = "onnx::folded",
                     .in = {},
                     .out = {},
                     .attrs = {{"of", std::string("onnx::nothing")}, {"constants", std::move(constants)}}});
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
  add_deferred();
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
  for (const auto& [name, value] : in_attributes_) trace_.add_param(name, value, false, true);
  note_all();
}

}  // namespace thoplw::onnx
