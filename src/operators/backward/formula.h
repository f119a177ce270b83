// What the formula of an operator's backward makes on its way to the gradients.
#pragma once

#include "operators/backward/grad_op.h"

namespace thoplw {

/// Bytes that it makes and frees, beyond those of all gradients, at the moment when most of them are alive.
Count formula_bytes(const GradOp& op);

}  // namespace thoplw
