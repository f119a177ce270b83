// Operators whose results lie in the memory of their first tensor.
#pragma once

#include "operators/op_view.h"
#include "trace/memory.h"

namespace thoplw {

/// Does the first result lie in the memory of the first tensor, as torch has it? `where`: by value, where it lies; none
/// of them knows strides: all lie in one piece. In training, dropout makes a new tensor.
bool is_view(const OpView& op, const std::vector<Place>& where);

/// The same of a runtime of ONNX, whose tensors all lie in one piece: turned ones and parts are copied.
bool is_onnx_view(const OpView& op);

}  // namespace thoplw
