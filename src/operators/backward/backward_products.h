// The products that the backward of an operator computes.
#pragma once

#include <optional>
#include <vector>

#include "operators/backward/grad_op.h"
#include "operators/formula.h"

namespace thoplw {

/// A product that backward computes if any of those inputs requires a gradient.
struct BackwardProduct {
  std::vector<std::size_t> of;  ///< positions among Op::in
  Count macs;
};

/// All of them, whether a gradient is required or not; nothing for an operator without products. Null where the formula
/// counts products, and nothing says what those of its backward are.
std::optional<std::vector<BackwardProduct>> backward_products(const GradOp& op, const Formula& formula,
                                                              Count forward_products);

}  // namespace thoplw
