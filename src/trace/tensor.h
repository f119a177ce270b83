// What is known of a tensor without its data: element type and sizes.
#pragma once

#include <cstdint>
#include <optional>

#include "base/count.h"
#include "trace/dims.h"
#include "trace/dtype.h"

namespace thoplw {

struct Tensor {
  DType dtype = DType::f32;
  Dims shape;
  std::int64_t stored = -1;  ///< elements that a sparse or nested tensor holds; -1: all that its sizes say

  bool operator==(const Tensor&) const = default;
};

inline Count numel(const Tensor& tensor) { return tensor.stored >= 0 ? Count(tensor.stored) : numel(tensor.shape); }

/// Rounded up to whole bytes, as each tensor is stored for itself; nothing where an element's size is not known, or
/// where the number is beyond 64 bits.
std::optional<Count> known_bytes(const Tensor& tensor);

}  // namespace thoplw
