// Where the gradient of an input lies: in the memory of the gradient that comes in, or in memory of its own.
#pragma once

#include "operators/backward/grad_op.h"

namespace thoplw {

enum class GradientFlow : std::uint8_t {
  fresh,     ///< memory of its own, as large as the input
  shared,    ///< that of the output's gradient, or a view of it
  expanded,  ///< a view of the output's gradient that repeats it: nothing can be added to it in place
  nothing,   ///< there is none
};

/// Of the i-th input.
GradientFlow gradient_flow(const GradOp& op, std::size_t i);

}  // namespace thoplw
