// Finds the class of torch.nn that a module without submodules most likely has, by what its nodes do.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "load/onnx/model.h"

namespace thoplw::onnx {

/// What a node of the module tells beside its operator.
struct LeafNode {
  const Node* node = nullptr;
  std::size_t weight_rank = 0;  ///< of its second input, where that is a weight; else 0
  bool after_linear = false;    ///< its first input comes from a matrix product
  bool owns = false;            ///< it reads a parameter
};

/// What stands before each node of a graph.
class LeafNodes {
 public:
  using Initializers = std::unordered_map<std::string_view, const TensorData*>;
  LeafNodes(std::span<const Node> nodes, const Initializers& initializers);
  LeafNode at(const Node& node, bool owns) const;

 private:
  const Node* maker(const Node& node, std::size_t input) const;
  std::size_t weight_rank(const Node& node, std::size_t input) const;

  const Initializers& initializers_;
  std::unordered_map<std::string_view, const Node*> makers_;
};

/// "torch.nn.Conv2d"; "" where the nodes fit no class, or several.
std::string leaf_class(std::span<const LeafNode> nodes, bool has_in_proj);

}  // namespace thoplw::onnx
