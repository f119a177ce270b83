// The class of torch.nn that a module without modules in it most likely has, by what its nodes do.
#pragma once

#include <span>
#include <string>

#include "load/onnx/model.h"

namespace thoplw::onnx {

/// What a node of the module tells beside its operator.
struct LeafNode {
  const Node* node = nullptr;
  std::size_t weight_rank = 0;  ///< of its second input, where that is a weight; else 0
  bool after_linear = false;    ///< its first input comes from a matrix product
  bool owns = false;            ///< it reads a parameter
};

/// "torch.nn.Conv2d"; "" where the nodes fit no class, or several.
std::string leaf_class(std::span<const LeafNode> nodes, bool has_in_proj);

}  // namespace thoplw::onnx
