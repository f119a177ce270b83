// Where the tensors of a file go within a list of nodes, and which node reads what another made.
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "load/onnx/model.h"

namespace thoplw::onnx {

class Flow {
 public:
  using Tensors = std::unordered_map<std::string_view, const TensorData*>;
  Flow(std::span<const Node> nodes, const Tensors& tensors);

  /// The tensor that the value is, or that nodes made it of which keep all elements; null where it is none.
  const TensorData* tensor(std::string_view value) const;
  /// Was it a quantized one?
  bool is_dequantized(std::string_view value) const { return dequantized_.contains(value); }
  /// Does the node only hand on the elements of a tensor?
  bool hands_on_tensor(const Node& node) const;
  /// The first node that reads the first result of this one.
  std::optional<std::size_t> reader(const Node& node) const;
  /// The node that adds a bias to what this one made, with scaling and the like between them: their places in order,
  /// the last is the addition. Empty where there is none.
  std::vector<std::size_t> to_bias(const Node& node) const;

 private:
  std::span<const Node> nodes_;
  const Tensors& tensors_;
  Tensors made_;
  std::unordered_set<std::string_view> dequantized_;
  std::unordered_map<std::string_view, std::size_t> readers_, times_read_;
};

}  // namespace thoplw::onnx
