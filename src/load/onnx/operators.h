// The ONNX operators: one row each, that says which operator of the rule table it is and what comes out of it.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "load/onnx/model.h"
#include "trace/attr.h"

namespace thoplw::onnx {

/// What is known of a value while a graph is followed.
struct Known {
  DType dtype = DType::other;  ///< `other` too where it is not known
  bool has_rank = false;
  Dims shape;  ///< -1: this size is not known
  /// The elements of a small integer or bool tensor where they follow from the graph, as those of a shape do; an
  /// element of an unknown size is kUnknown.
  std::optional<std::vector<std::int64_t>> elements;
  /// The same of a floating tensor: scales, and sizes that were cast. NaN where one is not known.
  std::optional<std::vector<double>> reals;
  std::shared_ptr<const std::vector<Known>> items;  ///< of a sequence, or of an optional, where they are followed

  bool whole() const;  ///< are rank and all sizes known?
};
/// No size, and none of the numbers that stand for "to the beginning" in slices.
constexpr std::int64_t kUnknown = INT64_MIN + 2;
constexpr std::size_t kMostElements = 1024;  ///< tensors of more elements are not followed

/// What a weight or the value of a Constant says of itself.
Known known(const TensorData& tensor);

/// A node with what is known of its inputs. Null: absent optional.
struct NodeView {
  const Node& node;
  std::span<const Known* const> in;
  std::int64_t opset = 0;  ///< version of the node's domain

  const Known* input(std::size_t i) const { return i < in.size() ? in[i] : nullptr; }
};

/// The node as an operator of the rule table: its tensors in that operator's order.
struct Mapped {
  std::string name;         ///< "aten::conv2d"
  std::vector<int> in;      ///< indexes of the node's inputs; -1: absent optional
  std::vector<Attr> attrs;  ///< those that the formula reads
  bool part = false;        ///< there is more work, which hangs on the data
};

struct Operator {
  std::string_view domain;  ///< "" is ai.onnx
  std::string_view name;    ///< "Conv"
  /// Fills `out`, one per output of the node, as far as it follows from the inputs; what does not stays as it is.
  /// Throws Error where the inputs cannot be.
  void (*infer)(const NodeView& view, std::span<Known> out);
  /// The operator that it is; called with all inputs whole, or with what is known of them.
  Mapped (*map)(const NodeView& view);
};

std::span<const Operator> operators();

/// The row, or null. "ai.onnx" is "". If, Loop and Scan are not here: the graph reader follows them.
const Operator* find_operator(std::string_view domain, std::string_view name);

}  // namespace thoplw::onnx
