// What the formula of an operator's backward makes on its way to the gradients.
#pragma once

#include "operators/backward/grad_op.h"

namespace thoplw {

/// How far the most that is alive while it runs is from all that the operator keeps and all gradients together.
struct FormulaBytes {
  Count makes = 0;  ///< on its way, beyond those
  Count lacks = 0;  ///< of those, made later or freed already
};

FormulaBytes formula_bytes(const GradOp& op);

/// Of a recurrent layer that is a loop of plain operators: see recurrent.cpp.
FormulaBytes formula_bytes_of_gru(const GradOp& op);
FormulaBytes formula_bytes_of_rnn(const GradOp& op);

}  // namespace thoplw
