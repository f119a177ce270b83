// Follows tensors of a file through nodes that pass them on unchanged.
#include "load/onnx/flow.h"

#include <algorithm>
#include <array>

#include "load/onnx/weight_slots.h"

namespace thoplw::onnx {
namespace {

/// What quantizers put between a product and the addition of its bias.
constexpr auto kBetween =
    std::to_array<std::string_view>({"Cast", "DequantizeLinear", "Mul", "QuantizeLinear", "Reshape", "Transpose"});
static_assert(std::ranges::is_sorted(kBetween));

}  // namespace

Flow::Flow(std::span<const Node> nodes, const Tensors& tensors) : nodes_(nodes), tensors_(tensors) {
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    for (const std::string_view input : nodes[i].inputs) {
      readers_.emplace(input, i);
      ++times_read_[input];
    }
    if (!hands_on_tensor(nodes[i])) continue;
    const std::string_view from = nodes[i].inputs.front();
    for (const std::string_view output : nodes[i].outputs) {
      made_.emplace(output, tensor(from));
      if (is_dequantized(from) || nodes[i].op_type == "DequantizeLinear") dequantized_.insert(output);
    }
  }
}

const TensorData* Flow::tensor(std::string_view value) const {
  for (const Tensors* known : {&tensors_, &made_}) {
    if (const auto found = known->find(value); found != known->end()) return found->second;
  }
  return nullptr;
}

bool Flow::hands_on_tensor(const Node& node) const {
  return !node.inputs.empty() && hands_on(node, 0) && tensor(node.inputs.front()) != nullptr;
}

std::optional<std::size_t> Flow::reader(const Node& node) const {
  const auto found = node.outputs.empty() ? readers_.end() : readers_.find(node.outputs.front());
  return found == readers_.end() ? std::nullopt : std::optional(found->second);
}

std::vector<std::size_t> Flow::to_bias(const Node& node) const {
  std::vector<std::size_t> places;
  for (const Node* at = &node; !at->outputs.empty();) {
    const auto times = times_read_.find(at->outputs.front());
    if (times == times_read_.end() || times->second != 1) return {};
    places.push_back(*reader(*at));
    at = &nodes_[places.back()];
    if (at->op_type == "Add" || at->op_type == "QLinearAdd") return places;
    constexpr std::size_t kFar = 6;
    if (places.size() == kFar || !std::ranges::binary_search(kBetween, at->op_type)) return {};
  }
  return {};
}

}  // namespace thoplw::onnx
