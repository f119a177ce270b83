// calflops: functions of torch that it replaces while a model runs, and recurrent layers that it hooks.
#include <algorithm>
#include <string_view>

#include "conventions/tools/functionals.h"
#include "conventions/tools/kernel.h"

namespace thoplw::tools {
namespace {

using functionals::joined;

Work elementwise(const OpView& op) { return only(Kind::elementwise, seen(op) ? broadcast_from_first(op) : 0); }
Work matmul(const OpView& op) { return seen(op) ? functionals::matmul(op) : Work{}; }
Work multi_head_attention(const OpView& op) { return functionals::multi_head_attention(op, false); }
Work encoder_layer(const OpView& op) { return functionals::encoder_layer(op, false); }

Count input_elements(const OpView& op, double) { return numel(op.in(0)); }
Work interpolate(const OpView& op) { return functionals::interpolation(op, input_elements); }

/// The places of the result in one dimension by the formula of a convolution that is not transposed: too few, or less
/// than none.
std::int64_t places(const OpView& op, std::size_t dim) {
  const Count span = Count(number_at(op, "dilation", dim, 1)) * (size_at(op.in(1), dim + 2) - 1) + 1;
  const Count padded = Count(number_at(op, "padding", dim, 0)) * 2 + size_at(op.in(0), dim + 2);
  const Count stride = std::max<std::int64_t>(1, number_at(op, "stride", dim, 1));
  const auto strides = [&](Count count) { return static_cast<std::int64_t>(count.value() / stride.value()); };
  return padded >= span ? strides(padded - span) + 1 : 1 - strides(span - padded + stride - 1);  // as Python divides
}

/// The weight has the channels of one group, which are divided by the groups once more; depthwise none are left.
Work conv_transpose(const OpView& op) {
  const Tensor& weight = op.in(1);
  const std::int64_t channels = std::max<std::int64_t>(1, size_at(weight, 1));
  const std::int64_t groups = std::max<std::int64_t>(1, size_at(op.out(), 1) / channels);
  Count kernel = channels / groups, bias = Count(channels) * size_at(op.in(0), 0);
  bool negative = false;
  for (std::size_t i = 2; i < weight.shape.size(); ++i) {
    const std::int64_t count = places(op, i - 2);
    kernel *= weight.shape[i];
    bias *= count < 0 ? -count : count;
    negative ^= count < 0;
  }
  Work cost = only(Kind::contraction, numel(op.in(0)) * kernel * 2);
  if (!op.has_in(2)) return cost;
  if (negative) cost[Kind::contraction] -= std::min(cost[Kind::contraction], bias);
  if (!negative) cost[Kind::bias] = bias;
  return cost;
}

constexpr auto kOperators = joined(functionals::kFunctions, functionals::kResizes<interpolate>,
                                   std::to_array<OpRule>({
                                       {"aten::_native_multi_head_attention", multi_head_attention},
                                       {"aten::_transformer_encoder_layer_fwd", encoder_layer},
                                       {"aten::add", elementwise},
                                       {"aten::conv_transpose1d", conv_transpose},
                                       {"aten::conv_transpose2d", conv_transpose},
                                       {"aten::conv_transpose3d", conv_transpose},
                                       {"aten::matmul", matmul},
                                       {"aten::mul", elementwise},
                                   }));

}  // namespace

constinit const Convention kCalflops = {
    .name = "calflops",
    .doc =
        "what calflops prints: FLOPs of the torch functions that it replaces, also inside of modules, and of recurrent "
        "layers; a module counts in each of its places; trainable parameters",
    .unit = Unit::flop,
    .class_rules = functionals::kClasses,
    .op_rules = kOperators,
    .subclasses = false,
    .in_places = in_each,
    .params = {.only = kTrained},
    .tool = {.version = "calflops 0.3.2",
             .source = "https://github.com/MrYxJ/calculate-flops.pytorch",
             .gaps = "nothing for scaled_dot_product_attention, mm, bmm, @, + and *; no biases of linear layers; "
                     "resizing by a factor counts at the size of its input, resizing to a size without samples and "
                     "channels; grouped transposed convolutions count too little"},
};

}  // namespace thoplw::tools
