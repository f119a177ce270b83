// Where the gradient of an input lies: in the memory of the gradient that comes in, or in memory of its own.
#pragma once

#include "operators/backward/grad_op.h"

namespace thoplw {

enum class GradientFlow : std::uint8_t {
  fresh,       ///< memory of its own, as large as the input
  fresh_view,  ///< the same, seen through a view
  handed_on,   ///< the output's gradient itself
  view,        ///< a view of the output's gradient
  nothing,     ///< there is none
};

/// Of the i-th input.
GradientFlow gradient_flow(const GradOp& op, std::size_t i);

}  // namespace thoplw
