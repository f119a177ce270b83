// The products that an einsum is made of, pair by pair.
#pragma once

#include <vector>

#include "operators/op_view.h"

namespace thoplw::work {

struct EinsumStep {
  bool sums = false;                     ///< over products; false: it multiplies element by element
  Count product;                         ///< of all sizes that take part
  std::vector<std::size_t> left, right;  ///< the inputs that each operand was made of, where that was asked for
};

/// Reads the attributes `equation` and `path`. Throws Error where they do not fit the tensors. `inputs`: whether steps
/// are to say which inputs their operands were made of, which takes memory with the square of their number.
std::vector<EinsumStep> einsum_steps(const OpView& op, bool inputs);

}  // namespace thoplw::work
