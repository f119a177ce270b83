// What nodes do with the tensors of a file: which inputs are weights, which only say how, which hand weights on.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "load/onnx/operators.h"

namespace thoplw::onnx {

enum class Slot : std::uint8_t {
  weight,   ///< what was learnt
  table,    ///< the same if it has rows: a list of numbers to look up in is none
  state,    ///< where a recurrence starts: learnt, or filled with one number
  setting,  ///< says how to do something: scales, zero points, limits
  other,    ///< may be either
};

/// What the input number `slot` of the node is, if it is a tensor of the file.
Slot slot_of(const Node& node, std::size_t slot);

/// Has the operator weights among its inputs?
bool takes_weights(std::string_view op_type);

/// Are its tensors quantized, and its settings the scales and zero points of them?
bool works_on_quantized(std::string_view op_type);

/// Does the node hand the elements of that input on, moved or converted? Then whoever reads its result uses them.
bool hands_on(const Node& node, std::size_t slot);

/// The sizes of the weights that are packed into that input; nothing where they are not packed.
std::optional<Dims> unpacked(const NodeView& view, std::size_t slot, const TensorData& tensor);

/// Attributes that hold weights.
std::span<const std::string_view> weight_attributes(const Node& node);

}  // namespace thoplw::onnx
