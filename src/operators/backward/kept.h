// What autograd keeps of an operator for its backward.
#pragma once

#include <vector>

#include "operators/backward/grad_op.h"

namespace thoplw {

/// One tensor that is kept: an input or output as it lies in memory, or memory of its own.
struct KeptTensor {
  enum class Of : std::uint8_t {
    input,   ///< Op::in[index]
    output,  ///< Op::out[index]
    fresh,   ///< of what the operator made inside: a mask, statistics, a copy of an input
  };
  Of of = Of::fresh;
  std::size_t index = 0;
  Count bytes = 0;  ///< where it is fresh

  bool operator==(const KeptTensor&) const = default;
};

struct Kept {
  std::vector<KeptTensor> tensors;
  Count temporary = 0;  ///< bytes that the forward makes inside and frees before it ends, all alive at once
  bool known = true;    ///< false: nothing says what the operator keeps
  bool inside = true;   ///< false: nothing says what it makes and frees inside
};

/// What is kept where autograd records the operator; nothing where none of its inputs requires a gradient. What it
/// makes and frees inside of its forward is told in any case.
Kept kept(const GradOp& op);

/// Do floating results of the operator require a gradient where an input does? Not those of detach or zeros_like. An
/// operator that nothing is known of is taken for one.
bool differentiable(std::string_view op_name);

/// Attributes that `kept` reads of that operator, separated by a space: captured for training besides Rule::attrs.
std::string_view kept_attrs(std::string_view op_name);

/// The kernel that scaled_dot_product_attention runs there: the one that is asked for, or that torch chooses.
AttentionKernel attention_kernel(const GradOp& op);

}  // namespace thoplw
