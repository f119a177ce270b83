// A table of the operators that give a class of torch.nn away.
#include "load/onnx/leaf_classes.h"

#include <algorithm>
#include <array>

namespace thoplw::onnx {
namespace {

/// What the number of spatial dimensions in a class's name is taken from.
enum class Rank : std::uint8_t { none, weight, kernel, producer };

/// What must read a parameter.
enum class Weight : std::uint8_t { none, node, module };

struct Leaf {
  std::string_view op, cls;
  Rank rank = Rank::none;
  Weight weight = Weight::none;
};
constexpr auto kLeaves = std::to_array<Leaf>({
    {"AveragePool", "AvgPool", Rank::kernel},
    {"BatchNormalization", "BatchNorm", Rank::producer, Weight::module},
    {"Conv", "Conv", Rank::weight, Weight::module},
    {"ConvTranspose", "ConvTranspose", Rank::weight, Weight::module},
    {"Elu", "ELU"},
    {"Flatten", "Flatten"},
    {"GRU", "GRU", Rank::none, Weight::module},
    {"Gather", "Embedding", Rank::none, Weight::node},
    {"Gelu", "GELU"},
    {"Gemm", "Linear", Rank::none, Weight::node},
    {"GlobalAveragePool", "AdaptiveAvgPool2d"},
    {"GroupNormalization", "GroupNorm", Rank::none, Weight::module},
    {"HardSigmoid", "Hardsigmoid"},
    {"HardSwish", "Hardswish"},
    {"InstanceNormalization", "InstanceNorm2d"},
    {"LSTM", "LSTM", Rank::none, Weight::module},
    {"LayerNormalization", "LayerNorm"},
    {"LeakyRelu", "LeakyReLU"},
    {"LogSoftmax", "LogSoftmax"},
    {"MatMul", "Linear", Rank::none, Weight::node},
    {"MaxPool", "MaxPool", Rank::kernel},
    {"Mish", "Mish"},
    {"PRelu", "PReLU", Rank::none, Weight::module},
    {"RMSNormalization", "RMSNorm"},
    {"RNN", "RNN", Rank::none, Weight::module},
    {"Relu", "ReLU"},
    {"Resize", "Upsample"},
    {"Sigmoid", "Sigmoid"},
    {"Softmax", "Softmax"},
    {"Softplus", "Softplus"},
    {"Tanh", "Tanh"},
    {"Upsample", "Upsample"},
});
constexpr bool out_of_order(const Leaf& a, const Leaf& b) { return a.op >= b.op; }
static_assert(std::adjacent_find(kLeaves.begin(), kLeaves.end(), out_of_order) == kLeaves.end(),
              "kLeaves is sorted by operator and has no operator twice");

/// Operators that only move or describe tensors, or that add the bias of what stands before.
constexpr auto kAside = std::to_array<std::string_view>(
    {"Add", "Cast", "CastLike", "Concat", "Constant", "ConstantOfShape", "DequantizeLinear", "DynamicQuantizeLinear",
     "Expand", "Gather", "Identity", "Pad", "QuantizeLinear", "Reshape", "Shape", "Slice", "Squeeze", "Transpose",
     "Unsqueeze"});

const Leaf* find_leaf(std::string_view op) {
  const auto row = std::ranges::lower_bound(kLeaves, op, {}, &Leaf::op);
  return row != kLeaves.end() && row->op == op ? &*row : nullptr;
}

std::string spatial(std::size_t rank) { return std::to_string(std::clamp<std::size_t>(rank, 3, 5) - 2) + "d"; }

std::string ending(const Leaf& leaf, const LeafNode& node) {
  switch (leaf.rank) {
    case Rank::none:
      return "";
    case Rank::weight:
      return spatial(node.weight_rank);
    case Rank::kernel:
      return spatial(node.node->integers("kernel_shape").size() + 2);
    case Rank::producer:
      return node.after_linear ? "1d" : node.weight_rank > 2 ? spatial(node.weight_rank) : "2d";
  }
  return "";
}

bool has(std::span<const LeafNode> nodes, std::string_view op) {
  return std::ranges::any_of(nodes, [&](const LeafNode& leaf) { return leaf.node->op_type == op; });
}

/// Before opset 17 a layer norm is a row of nodes; a group norm is still one in some opsets.
std::string norm_of_parts(std::span<const LeafNode> nodes) {
  if (!std::ranges::any_of(nodes, &LeafNode::owns) || has(nodes, "MatMul") || has(nodes, "Conv")) return "";
  if (has(nodes, "InstanceNormalization")) return "torch.nn.GroupNorm";
  const bool root = has(nodes, "Sqrt") && (has(nodes, "Div") || has(nodes, "Reciprocal"));
  if (!root || !has(nodes, "ReduceMean")) return "";
  return has(nodes, "Sub") ? "torch.nn.LayerNorm" : "torch.nn.RMSNorm";
}

}  // namespace

LeafNodes::LeafNodes(std::span<const Node> nodes, const Initializers& initializers) : initializers_(initializers) {
  for (const Node& node : nodes) {
    for (std::string_view output : node.outputs) makers_.emplace(output, &node);
  }
}

const Node* LeafNodes::maker(const Node& node, std::size_t input) const {
  const auto found = input < node.inputs.size() ? makers_.find(node.inputs[input]) : makers_.end();
  return found == makers_.end() ? nullptr : found->second;
}

/// Of a weight that the node reads, or that is turned or copied for it.
std::size_t LeafNodes::weight_rank(const Node& node, std::size_t input) const {
  if (input >= node.inputs.size()) return 0;
  const Node* moved = maker(node, input);
  if (moved && moved->inputs.empty()) return 0;
  const auto found = initializers_.find(moved ? moved->inputs.front() : node.inputs[input]);
  return found == initializers_.end() ? 0 : found->second->dims.size();
}

LeafNode LeafNodes::at(const Node& node, bool owns) const {
  if (node.op_type != "BatchNormalization") return {&node, weight_rank(node, 1), false, owns};
  const Node* before = maker(node, 0);
  if (before && before->op_type == "Add") before = maker(*before, 0) ? maker(*before, 0) : maker(*before, 1);
  const bool linear = before && (before->op_type == "Gemm" || before->op_type == "MatMul");
  const bool convolution = before && before->op_type == "Conv";
  return {&node, convolution ? weight_rank(*before, 1) : 0, linear, true};
}

std::string leaf_class(std::span<const LeafNode> nodes, bool has_in_proj) {
  if (has_in_proj) return "torch.nn.MultiheadAttention";
  const auto has_weight = [](const LeafNode& leaf) { return leaf.owns || leaf.weight_rank > 0; };
  const bool any_weight = std::ranges::any_of(nodes, has_weight);
  const auto fits = [&](const Leaf& row, const LeafNode& leaf) {
    return row.weight == Weight::none || (row.weight == Weight::module ? any_weight : has_weight(leaf));
  };
  const Leaf* found = nullptr;
  const LeafNode* by = nullptr;
  bool several = false;
  for (const LeafNode& leaf : nodes) {
    const Leaf* row = find_leaf(leaf.node->op_type);
    if (!row || !fits(*row, leaf)) {
      several = several || !std::ranges::binary_search(kAside, leaf.node->op_type);
      continue;
    }
    several = several || (found && found != row);
    found = row;
    by = &leaf;
  }
  if (found && !several) return "torch.nn." + std::string(found->cls) + ending(*found, *by);
  return norm_of_parts(nodes);
}

}  // namespace thoplw::onnx
