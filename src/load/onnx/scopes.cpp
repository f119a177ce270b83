// Names the module stack of every node, and tells the calls of a module apart.
#include "load/onnx/scopes.h"

#include <algorithm>
#include <array>

#include "load/onnx/leaf_classes.h"
#include "load/onnx/operators.h"
#include "load/onnx/tensor_names.h"
#include "load/onnx/weight_slots.h"

namespace thoplw::onnx {
namespace {

/// What torch.export writes where it knows no module: sizes of inputs, and what its passes add.
constexpr std::string_view kNoModule = "_empty_nn_module_stack";

/// Operators with a cost of their own. Where a file knows no modules, each of their nodes is one.
constexpr auto kCostly = std::to_array<std::string_view>({"Attention",
                                                          "Conv",
                                                          "ConvInteger",
                                                          "ConvTranspose",
                                                          "DynamicQuantizeLSTM",
                                                          "DynamicQuantizeMatMul",
                                                          "Einsum",
                                                          "FusedConv",
                                                          "FusedGemm",
                                                          "FusedMatMul",
                                                          "GRU",
                                                          "Gemm",
                                                          "GemmFastGelu",
                                                          "GroupQueryAttention",
                                                          "LSTM",
                                                          "MatMul",
                                                          "MatMulBnb4",
                                                          "MatMulInteger",
                                                          "MatMulInteger16",
                                                          "MatMulIntegerToFloat",
                                                          "MatMulNBits",
                                                          "MoE",
                                                          "MultiHeadAttention",
                                                          "NhwcConv",
                                                          "NhwcFusedConv",
                                                          "QAttention",
                                                          "QGemm",
                                                          "QLinearConv",
                                                          "QLinearMatMul",
                                                          "QMoE",
                                                          "RNN",
                                                          "TransposeMatMul"});
static_assert(std::ranges::is_sorted(kCostly));

/// Names that only a module's parameter has.
constexpr auto kParams = std::to_array<std::string_view>({"bias", "running_mean", "running_var", "weight"});
static_assert(std::ranges::is_sorted(kParams));

/// The texts in ['', "layer1"], as Python writes a list.
std::vector<std::string_view> python_list(std::string_view text) {
  std::vector<std::string_view> items;
  for (std::size_t at = text.find_first_of("'\""); at != std::string_view::npos;) {
    const std::size_t end = text.find(text[at], at + 1);
    if (end == std::string_view::npos) break;
    items.push_back(text.substr(at + 1, end - at - 1));
    at = text.find_first_of("'\"", end + 1);
  }
  return items;
}

/// "act" for "act_1"; nothing where it does not end in a number.
std::optional<std::string_view> without_number(std::string_view name) {
  const std::size_t last = name.find_last_not_of("0123456789");
  if (last == std::string_view::npos || last == 0 || last + 1 == name.size() || name[last] != '_') return std::nullopt;
  return name.substr(0, last);
}

std::string joined(std::string_view parent, std::string_view name) {
  return parent.empty() ? std::string(name) : std::string(parent) + "." + std::string(name);
}

/// Without what onnxruntime's optimizer and quantizers put behind it: "/fc/MatMul" of "/fc/MatMul_quant" and of
/// "/fc/MatMul/MatMulAddFusion".
std::string_view name_of(const Node& node) {
  std::string_view name = node.name;
  for (std::size_t slash = name.rfind('/'); slash != std::string_view::npos && slash > 0; slash = name.rfind('/')) {
    const std::string_view last = name.substr(slash + 1);
    if (!last.empty() && !last.ends_with("Fusion")) break;
    name = name.substr(0, slash);
  }
  const std::size_t ending = name.rfind('_');
  if (ending == std::string_view::npos || ending == 0) return name;
  const std::string_view last = name.substr(ending + 1);
  const bool packed = last.starts_with('Q') && last.find_first_of("0123456789") == 1 && node.op_type == "MatMulNBits";
  return last == "quant" || packed ? name.substr(0, ending) : name;
}

/// "MatMul" of "/fc/MatMul_1", if that is an operator.
bool is_path_name(const Node& node) {
  const std::string_view name = name_of(node);
  const std::string_view last = name.substr(name.rfind('/') + 1);
  return name.starts_with('/') &&
         (last.starts_with(node.op_type) || find_operator("", last.substr(0, last.find('_'))) != nullptr);
}

}  // namespace

Scopes::Scopes(const Model& model) : model_(model) {
  for (const TensorData& tensor : model.graph.initializers) {
    initializers_.emplace(tensor.name, &tensor);
    const auto path = owner(tensor.name);
    if (!path) continue;
    for (std::size_t dot = path->find('.'); dot != std::string_view::npos; dot = path->find('.', dot + 1)) {
      prefixes_.emplace(path->substr(0, dot));
    }
    prefixes_.emplace(*path);
  }
  find_naming(model.graph.nodes);
  for (const Function& function : model.functions) find_naming(function.nodes);
  const bool modules = std::ranges::any_of(model.functions, is_module);
  if (naming_ == Naming::none && modules) naming_ = Naming::functions;
}

void Scopes::find_naming(std::span<const Node> nodes) {
  for (const Node& node : nodes) {
    if (naming_ == Naming::metadata) return;
    if (!node.note(kScopes).empty()) {
      naming_ = Naming::metadata;
    } else if (naming_ == Naming::none && is_path_name(node)) {
      naming_ = Naming::paths;
    }
  }
}

std::string_view Scopes::keep(std::string text) { return texts_.emplace_back(std::move(text)); }

bool Scopes::lost_name(std::string_view initializer) {
  return initializer.starts_with("onnx::") || initializer.find_first_not_of("0123456789") == std::string_view::npos;
}

std::optional<std::string_view> Scopes::owner(std::string_view initializer) const {
  const std::size_t dot = initializer.rfind('.');
  if (dot == std::string_view::npos || dot == 0 || lost_name(initializer)) return std::nullopt;
  if (initializer.find_first_of("/:; ") != std::string_view::npos) return std::nullopt;
  return initializer.substr(0, dot);
}

const TensorData* Scopes::tensor(std::string_view value) const {
  if (flow_) return flow_->tensor(value);
  const auto found = initializers_.find(value);
  return found == initializers_.end() ? nullptr : found->second;
}

/// The one module whose parameters the node reads.
std::optional<std::string_view> Scopes::own_path(const Node& node) const {
  std::optional<std::string_view> own;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorData* read = tensor(node.inputs[i]);
    if (!read || slot_of(node, i) == Slot::setting) continue;
    const auto path = owner(read->name);
    if (!path && is_result_name(read->name)) continue;
    if (!path || (own && own != path)) return std::nullopt;
    own = path;
  }
  return own;
}

Scopes::Named Scopes::by_metadata(const Node& node) {
  // Constants and sizes stand where they are first used, also amid another module, and are no work of any.
  if (node.op_type == "Constant" || node.op_type == "Shape") return {};
  const std::vector<std::string_view> paths = python_list(node.note(kScopes));
  const std::vector<std::string_view> classes = python_list(node.note(kClasses));
  if (paths.size() < 2 || paths.size() != classes.size() || paths.front().starts_with(kNoModule)) return {};
  Named named{.known = true, .levels = {}, .step = paths.back(), .target = classes.back()};
  for (std::size_t i = 0; i + 1 < paths.size(); ++i) {
    named.levels.push_back({paths[i], classes[i], paths[i]});
    if (paths[i].empty() && root_class_.empty()) root_class_ = classes[i];
  }
  place_folded(node, named.levels);
  return named;
}

/// The optimizer says of a convolution that it folded a batch norm into that it is of the batch norm. Its weight tells
/// whose it is.
void Scopes::place_folded(const Node& node, Levels& levels) {
  const auto own = own_path(node);
  if (!own || node.note(kRewrite).find("BatchNorm") == std::string_view::npos) return;
  const TensorData* weight = node.inputs.size() > 1 ? tensor(node.inputs[1]) : nullptr;
  if (!weight) return;
  std::erase_if(levels, [&](const Level& level) {
    return !level.path.empty() && !own->starts_with(std::string(level.path) + ".");
  });
  const LeafNode leaf{.node = &node, .weight_rank = weight->dims.size(), .after_linear = false, .owns = true};
  levels.push_back({*own, keep(leaf_class(std::span(&leaf, 1), false)), *own});
}

/// The path of a level "features.0" or "act_1" inside of `parent`. Children of a Sequential repeat its name, the second
/// call of a module has a number behind it; the names of parameters tell what only looks so.
std::string_view Scopes::resolve(std::string_view parent, std::string_view parent_raw, std::string_view raw,
                                 std::optional<std::string_view> own) {
  std::vector<std::string> candidates;
  const auto add = [&](std::string_view name) {
    const bool repeats = !parent_raw.empty() && name.starts_with(parent_raw) && name.size() > parent_raw.size() &&
                         name[parent_raw.size()] == '.' && parent.ends_with(parent_raw);
    if (repeats) candidates.push_back(std::string(parent) + std::string(name.substr(parent_raw.size())));
    candidates.push_back(joined(parent, name));
  };
  add(raw);
  const std::size_t whole = candidates.size();
  const auto shorter = without_number(raw);
  if (shorter) add(*shorter);
  const auto choose = [&](std::string path) { return std::string_view(*seen_.insert(std::move(path)).first); };
  for (const std::string& path : candidates) {
    if (own && path == *own) return choose(path);
  }
  for (const std::string& path : candidates) {
    if (prefixes_.contains(path)) return choose(path);
  }
  if (shorter && seen_.contains(candidates[whole])) return choose(candidates[whole]);
  return choose(candidates.front());
}

Scopes::Named Scopes::by_path(const Node& node) {
  if (!is_path_name(node)) return {};
  Named named;
  named.known = true;
  const std::optional<std::string_view> own = own_path(node);
  std::string_view rest = name_of(node).substr(1), parent, parent_raw;
  for (std::size_t slash = rest.find('/'); slash != std::string_view::npos; slash = rest.find('/')) {
    const std::string_view raw = rest.substr(0, slash);
    rest.remove_prefix(slash + 1);
    const bool last = rest.find('/') == std::string_view::npos;
    const std::string_view path = resolve(parent, parent_raw, raw, last ? own : std::nullopt);
    named.levels.push_back({path, "", raw});
    parent_raw = path.ends_with(raw) ? raw : without_number(raw).value_or(raw);
    parent = path;
  }
  return named;
}

/// Something that the node uses as what was learnt, not as a setting.
bool Scopes::reads_weight(const Node& node) const {
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const TensorData* read = tensor(node.inputs[i]);
    const Slot slot = slot_of(node, i);
    if (!read || read->dims.empty() || slot == Slot::setting) continue;
    const bool small = read->dtype == DType::i8 || read->dtype == DType::u8 || is_packed(read->dtype);
    const bool weight = slot == Slot::weight ? read->dtype != DType::boolean : slot == Slot::table && small;
    if (is_floating(read->dtype) || weight || flow_->is_dequantized(node.inputs[i])) return true;
  }
  return !weight_attributes(node).empty();
}

Scopes::Named Scopes::by_params(const Node& node) {
  if (flow_->hands_on_tensor(node)) return {};  // it belongs to who reads it
  Named named;
  named.known = true;
  const auto own = own_path(node);
  const auto local_is_param = [&](std::string_view input) {
    const TensorData* read = tensor(input);
    const std::string_view name = read ? name_before(read->name) : input;
    return std::ranges::binary_search(kParams, name.substr(name.rfind('.') + 1));
  };
  if (own && std::ranges::any_of(node.inputs, local_is_param)) {
    named.levels.push_back({*own, "", *own});
    return named;
  }
  if (!std::ranges::binary_search(kCostly, node.op_type) && !reads_weight(node)) return named;
  std::string_view name = name_of(node);
  while (name.empty() || !taken_.insert(name).second) {
    name = keep(std::string(node.name.empty() ? node.op_type : node.name) + "_" + std::to_string(++unnamed_));
  }
  named.made_up = true;
  named.levels.push_back({name, keep("onnx." + std::string(node.op_type)), name});
  return named;
}

/// A module as another node names it, or as none does. The output layer of an attention is part of it.
Scopes::Named Scopes::module_of(std::string_view path, const std::vector<Named>& named) {
  Named module;
  module.known = true;
  const std::string_view around = path.substr(0, path.rfind('.'));
  for (const Named& other : named) {
    for (auto level = other.levels.begin(); level != other.levels.end(); ++level) {
      const bool holds = level->path == around && level->cls.ends_with(".MultiheadAttention");
      if (level->path != path && !holds) continue;
      module.levels.assign(other.levels.begin(), level + 1);
      return module;
    }
  }
  for (std::size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', dot + 1)) {
    module.levels.push_back({path.substr(0, dot), "", path.substr(0, dot)});
  }
  module.levels.push_back({path, "", path});
  return module;
}

/// The module of the first weight that the node reads: a fused node may read those of several.
std::optional<std::string_view> Scopes::path_by_weights(const Node& node) const {
  if (!takes_weights(node.op_type)) return std::nullopt;
  for (std::size_t i = 0; i < node.inputs.size(); ++i) {
    const Slot slot = slot_of(node, i);
    const TensorData* read = slot == Slot::weight || slot == Slot::table ? tensor(node.inputs[i]) : nullptr;
    if (const auto path = read ? owner(read->name) : std::nullopt) return path;
  }
  return std::nullopt;
}

/// Nodes of which the file says no module, but whose weights do, or the bias that is added to what they make.
void Scopes::place_by_params(std::span<const Node> nodes, std::vector<Named>& named) {
  const auto is_placed = [&](std::size_t i) { return named[i].known && !named[i].levels.empty() && !named[i].made_up; };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!takes_weights(nodes[i].op_type) || flow_->hands_on_tensor(nodes[i])) continue;
    const bool placed = is_placed(i);
    if (placed && naming_ != Naming::none) continue;
    const auto own = placed ? std::optional(named[i].levels.back().path) : path_by_weights(nodes[i]);
    if (own && !placed) named[i] = module_of(*own, named);
    const std::vector<std::size_t> on = flow_->to_bias(nodes[i]);
    if (on.empty()) continue;
    const std::size_t addition = on.back();
    const auto adds = own_path(nodes[addition]);
    if (own ? (adds ? own != adds : !reads_weight(nodes[addition])) : !adds) continue;
    if (!own) named[i] = is_placed(addition) ? named[addition] : module_of(*adds, named);
    for (const std::size_t place : on) {
      if (!is_placed(place)) named[place] = named[i];
    }
  }
}

/// Classes of modules without modules in them, where the file names none.
void Scopes::infer_classes(std::span<const Node> nodes, std::vector<Named>& named) {
  std::map<std::string_view, std::vector<std::size_t>> modules;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!named[i].levels.empty()) modules[named[i].levels.back().path].push_back(i);
  }
  const LeafNodes leaves(nodes, initializers_);
  for (const auto& [path, members] : modules) {
    if (!named[members.front()].levels.back().cls.empty()) continue;
    const std::string inside = std::string(path) + ".";
    const auto next = modules.lower_bound(inside);
    const bool in_proj =
        initializers_.contains(inside + "in_proj_weight") || initializers_.contains(inside + "in_proj_bias");
    if (next != modules.end() && next->first.starts_with(inside) && !in_proj) continue;
    std::vector<LeafNode> own;
    for (std::size_t i : members) own.push_back(leaves.at(nodes[i], own_path(nodes[i]) != std::nullopt));
    const std::string_view cls = keep(leaf_class(own, in_proj));
    guessed_ = guessed_ || !cls.empty();
    for (std::size_t i : members) named[i].levels.back().cls = cls;
  }
}

std::vector<Scopes::Named> Scopes::name_all(std::span<const Node> nodes) {
  flow_.emplace(nodes, initializers_);
  std::vector<Named> named;
  named.reserve(nodes.size());
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    switch (naming_) {
      case Naming::functions:
        named.emplace_back();
        break;
      case Naming::metadata:
        named.push_back(by_metadata(nodes[i]));
        break;
      case Naming::paths:
        named.push_back(by_path(nodes[i]));
        break;
      case Naming::none:
        named.push_back(by_params(nodes[i]));
        break;
    }
  }
  if (naming_ != Naming::functions) place_by_params(nodes, named);
  if (naming_ == Naming::paths || naming_ == Naming::none) infer_classes(nodes, named);
  return named;
}

}  // namespace thoplw::onnx
