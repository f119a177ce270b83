// DeepSpeed's FLOPS profiler: functions of torch that it replaces while a model runs, and recurrent layers that it
// hooks.
#include "conventions/tools/functionals.h"

namespace thoplw::tools {
namespace {

using functionals::joined;

Work elementwise(const OpView& op) { return only(Kind::elementwise, seen(op) ? numel(op.out()) : 0); }
Work multi_head_attention(const OpView& op) { return functionals::multi_head_attention(op, true); }
Work encoder_layer(const OpView& op) { return functionals::encoder_layer(op, true); }

/// Whole elements of what the factor makes of the input.
Count enlarged(const OpView& op, double factor) { return whole(static_cast<double>(numel(op.in(0)).value()) * factor); }
Work interpolate(const OpView& op) { return functionals::interpolation(op, enlarged); }

Work conv_transpose(const OpView& op) {
  Work cost = work::conv_transpose(op);
  cost[Kind::contraction] *= 2;
  return cost;
}

Work attention(const OpView& op) {
  const Count scores = work::leading(op.in(0)) * work::size_from_end(op.in(1), 2);
  const Count sizes = work::size_from_end(op.in(0), 1) + work::size_from_end(op.in(2), 1);
  return only(Kind::attention, scores * sizes * 2);
}

constexpr auto kOperators = joined(functionals::kFunctions, functionals::kResizes<interpolate>,
                                   std::to_array<OpRule>({
                                       {"aten::_native_multi_head_attention", multi_head_attention},
                                       {"aten::_transformer_encoder_layer_fwd", encoder_layer},
                                       {"aten::add", elementwise},
                                       {"aten::bmm", functionals::matmul},
                                       {"aten::conv_transpose1d", conv_transpose},
                                       {"aten::conv_transpose2d", conv_transpose},
                                       {"aten::conv_transpose3d", conv_transpose},
                                       {"aten::matmul", functionals::matmul},
                                       {"aten::mm", functionals::matmul},
                                       {"aten::mul", elementwise},
                                       {"aten::scaled_dot_product_attention", attention},
                                   }));

}  // namespace

constinit const Convention kDeepspeed = {
    .name = "deepspeed",
    .doc =
        "what DeepSpeed's profiler prints: FLOPs of the torch functions that it replaces, also inside of modules, and "
        "of recurrent layers; every parameter once",
    .unit = Unit::flop,
    .class_rules = functionals::kClasses,
    .op_rules = kOperators,
    .subclasses = false,
    .tool = {.version = "deepspeed 0.19.8",
             .source = "https://github.com/deepspeedai/DeepSpeed/tree/master/deepspeed/profiling/flops_profiler",
             .gaps =
                 "nothing for + and *, nor for other activations than ReLU, ReLU6 by function, LeakyReLU, PReLU, ELU, "
                 "GELU and SiLU; no biases of linear layers; resizing to a size counts without samples and channels"},
};

}  // namespace thoplw::tools
