// What DeepSpeed's profiler pays for the functions of torch that it replaces, and calflops too, which grew out of it.
// All of it in FLOPs.
#pragma once

#include <algorithm>
#include <array>

#include "conventions/tools/spelt.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools::functionals {

// Modules that they hook by their exact class.
Work recurrent(const CallView& call);       ///< of layers; MACs they do not count there at all
Work recurrent_cell(const CallView& call);  ///< of one step

Work linear(const OpView& op);        ///< without the bias
Work convolution(const OpView& op);   ///< with it
Work batch_norm(const OpView& op);    ///< without statistics to compute a multiplication, and with a weight an addition
Work norm(const OpView& op);          ///< an estimate: 4 per element, and 5 with a weight
Work matmul(const OpView& op);        ///< (a, b): all elements of a by the columns of b
Work added_matmul(const OpView& op);  ///< (added, a, b)
Work einsum(const OpView& op);        ///< what numpy estimates

/// torch's fused layers as they are when taken apart: neither tool switches gradients off, so they do not run. Whether
/// they know an operator for the attention makes a difference.
Work multi_head_attention(const OpView& op, bool knows_attention);
Work encoder_layer(const OpView& op, bool knows_attention);

/// The sizes that torch.nn.functional.interpolate was asked for, multiplied, without samples and channels; else what
/// `by_factor` says of the factor that the elements grow by.
Work interpolation(const OpView& op, Count (*by_factor)(const OpView& op, double factor));

/// A pooling, which interpolate may have called.
Work pooled_interpolation(const OpView& op, Work (*interpolate)(const OpView&));

template <Kind Of>
Work per_input(const OpView& op) {
  return only(Of, seen(op) ? numel(op.in(0)) : 0);
}

inline constexpr auto kClasses = std::to_array<ClassRule>({
    {"torch.nn.GRU", recurrent},
    {"torch.nn.GRUCell", recurrent_cell},
    {"torch.nn.LSTM", recurrent},
    {"torch.nn.LSTMCell", recurrent_cell},
    {"torch.nn.RNN", recurrent},
    {"torch.nn.RNNCell", recurrent_cell},
});

inline constexpr auto kFunctions = std::to_array<OpRule>({
    {"aten::adaptive_max_pool1d", per_input<Kind::pool>},
    {"aten::adaptive_max_pool2d", per_input<Kind::pool>},
    {"aten::adaptive_max_pool3d", per_input<Kind::pool>},
    {"aten::add_", free_of_charge},
    {"aten::addmm", added_matmul},
    {"aten::addmm_", free_of_charge},
    {"aten::avg_pool1d", per_input<Kind::pool>},
    {"aten::avg_pool2d", per_input<Kind::pool>},
    {"aten::avg_pool3d", per_input<Kind::pool>},
    {"aten::baddbmm", added_matmul},
    {"aten::baddbmm_", free_of_charge},
    {"aten::batch_norm", batch_norm},
    {"aten::conv1d", convolution},
    {"aten::conv2d", convolution},
    {"aten::conv3d", convolution},
    {"aten::einsum", einsum},
    {"aten::elu", per_input<Kind::activation>},
    {"aten::gelu", per_input<Kind::activation>},
    {"aten::group_norm", norm},
    {"aten::instance_norm", norm},
    {"aten::layer_norm", norm},
    {"aten::leaky_relu", per_input<Kind::activation>},
    {"aten::linear", linear},
    {"aten::max_pool1d", per_input<Kind::pool>},
    {"aten::max_pool1d_with_indices", per_input<Kind::pool>},
    {"aten::max_pool2d", per_input<Kind::pool>},
    {"aten::max_pool2d_with_indices", per_input<Kind::pool>},
    {"aten::max_pool3d", per_input<Kind::pool>},
    {"aten::max_pool3d_with_indices", per_input<Kind::pool>},
    {"aten::mul_", free_of_charge},
    {"aten::prelu", per_input<Kind::activation>},
    {"aten::relu", per_input<Kind::activation>},
    {"aten::relu6", per_input<Kind::activation>},
    {"aten::silu", per_input<Kind::activation>},
    {"aten::softmax", per_input<Kind::softmax>},
});

template <Work (*Resize)(const OpView&)>
Work pool(const OpView& op) {
  return pooled_interpolation(op, Resize);
}

/// Of all operators that torch.nn.functional.interpolate calls.
template <Work (*Resize)(const OpView&)>
inline constexpr auto kResizes = std::to_array<OpRule>({
    {"aten::_upsample_bicubic2d_aa", Resize},
    {"aten::_upsample_bilinear2d_aa", Resize},
    {"aten::_upsample_nearest_exact1d", Resize},
    {"aten::_upsample_nearest_exact2d", Resize},
    {"aten::_upsample_nearest_exact3d", Resize},
    {"aten::adaptive_avg_pool1d", pool<Resize>},
    {"aten::adaptive_avg_pool2d", pool<Resize>},
    {"aten::adaptive_avg_pool3d", pool<Resize>},
    {"aten::upsample_bicubic2d", Resize},
    {"aten::upsample_bilinear2d", Resize},
    {"aten::upsample_linear1d", Resize},
    {"aten::upsample_nearest1d", Resize},
    {"aten::upsample_nearest2d", Resize},
    {"aten::upsample_nearest3d", Resize},
    {"aten::upsample_trilinear3d", Resize},
});

/// The rows of several tables, sorted by name.
template <std::size_t... Sizes>
constexpr auto joined(const std::array<OpRule, Sizes>&... tables) {
  std::array<OpRule, (Sizes + ...)> rows{};
  auto end = rows.begin();
  ((end = std::ranges::copy(tables, end).out), ...);
  std::ranges::sort(rows, {}, &OpRule::name);
  return rows;
}

}  // namespace thoplw::tools::functionals
