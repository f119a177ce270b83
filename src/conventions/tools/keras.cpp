// Keras: the parameters that model.summary() prints, and the FLOPs that TensorFlow's profiler, which people run on
// Keras models, prints for the same layers.
#include <algorithm>
#include <string_view>

#include "conventions/tools/kernel.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

template <int Each, Kind Of = Kind::elementwise>
Work per_output(const OpView& op) {
  return only(Of, numel(op.out()) * Each);
}

template <int Each, Kind Of>
Work per_input(const OpView& op) {
  return only(Of, numel(op.in(0)) * Each);
}

template <const Formula& Of>
Work product(const OpView& op) {
  const Work work = Of(op);
  Work cost = only(Kind::contraction, work.products() * 2);
  cost[Kind::bias] = work[Kind::bias] + work[Kind::elementwise];
  return cost;
}

/// One group, or as many as there are channels, which is another layer there. Others are compiled apart, where the
/// profiler does not look; so are all of three dimensions.
Work convolution(const OpView& op) {
  const Dims& weight = op.in(1).shape;
  const Count channels = work::size_from_end(op.in(0), weight.size() - 1);
  const bool whole = channels == Count(weight.at(1)), depthwise = weight[1] == 1 && weight.size() < 5;
  Work cost = product<work::convolution>(op);
  if (!whole && !depthwise) cost[Kind::contraction] = cost[Kind::attention] = 0;
  return cost;
}

/// Output elements x the weight's per channel out, over the strides; nothing in three dimensions.
Work transposed_convolution(const OpView& op) {
  const Dims& weight = op.in(1).shape;
  Work cost = only(Kind::bias, op.has_in(2) ? numel(op.out()) : Count(0));
  if (weight.size() > 4) return cost;
  Count strides = 1;
  for (std::size_t i = 0; i + 2 < weight.size(); ++i) strides *= number_at(op, "stride", i, 1);
  const Count channels = work::size_from_end(op.out(), weight.size() - 1);
  const Count products = numel(op.out()) * numel(op.in(1)) * 2;
  cost[Kind::contraction] = divided(products, channels * strides);
  return cost;
}

/// A product and a sum per element; six per channel, of which one is the scale's.
Work batch_norm(const OpView& op) {
  const Tensor& x = op.in(0);
  const Count channels = x.shape.at(1);
  return only(Kind::norm, numel(x) * 2 + channels * (op.has_in(1) ? 6 : 5));
}

/// Mean, variance, and a product and a sum that are spread over the input where there is a scale.
Work layer_norm(const OpView& op) {
  const Tensor& x = op.in(0);
  const Count rows = rows_of(op);
  const int scale = op.has_in(1) ? 2 : 0, shift = op.has_in(2) ? 1 : 0;
  return only(Kind::norm, numel(x) * (6 + scale + shift) + rows * (scale ? 4 : 5));
}

Work rms_norm(const OpView& op) { return only(Kind::norm, numel(op.in(0)) * 4 + rows_of(op) * 3); }

Work group_norm_of(const OpView& op, std::size_t scale, Count groups) {
  const Tensor& x = op.in(0);
  const Count rows = groups * x.shape.at(0), channels = Count(x.shape[0]) * x.shape.at(1);
  return only(Kind::norm, numel(x) * 6 + (op.has_in(scale) ? rows * 4 + channels * 3 : rows * 5));
}

Work group_norm(const OpView& op) { return group_norm_of(op, 1, number_at(op, "num_groups", 0, 1)); }
Work instance_norm(const OpView& op) { return group_norm_of(op, 1, op.in(0).shape.at(1)); }

/// Of one or two dimensions.
Work pool(const OpView& op) {
  Count each = 1;
  for (const std::int64_t size : kernel_of(op)) each *= size;
  return only(Kind::pool, space_of(op) > 2 ? Count(0) : numel(op.out()) * each);
}

/// To one element, which is a mean; Keras pools to no other sizes.
Work global_average_pool(const OpView& op) {
  Count places = 1;
  for (std::size_t i = 1; i <= space_of(op); ++i) places *= work::size_from_end(op.out(), i);
  return only(Kind::pool, places == 1 ? numel(op.in(0)) : Count(0));
}

/// A multiplication per dimension to find out how often.
Work repeat(const OpView& op) { return only(Kind::resize, space_of(op)); }

Work prelu(const OpView& op) { return only(Kind::activation, numel(op.in(0)) * 3 + numel(op.in(1))); }
/// One addition less than elements, for each sum.
Work sum(const OpView& op) {
  const Count in = numel(op.in(0)), out = numel(op.out());
  return only(Kind::reduction, in < out ? Count(0) : in - out);
}

Work softmax(const OpView& op) { return only(Kind::softmax, numel(op.in(0)) * 5); }

/// As Keras's own layer does it: scores are scaled and go through a softmax; their products are equations.
Work attention(const OpView& op) { return only(Kind::softmax, work::attention(op)[Kind::softmax] * 6); }

/// A step: how many sums of all gates, with and without a bias, and products and sums of states there are, and how many
/// of these in the body of the loop, where the sizes of states are not known.
struct Step {
  std::uint64_t gates;
  int sums, biases, states, sums_in_loop, biases_in_loop, states_in_loop;
};
constexpr Step kLstm{4, 1, 1, 4, 1, 1, 1}, kGru{3, 0, 2, 8, 0, 1, 6}, kRnn{1, 1, 1, 0, 1, 1, 0};

/// One step ahead of the loop and the loop's body, once each however long the sequence is. In the body what reads the
/// state has no known size.
Work one_layer(const Step& step, const Tensor& input, const Tensor& state, Count batch, bool bias, bool loop) {
  const Count all = batch * size_at(input, 0), hidden = all.value() / step.gates;
  Work cost = only(Kind::contraction, all * (Count(size_at(input, 1)) + size_at(state, 1)) * 2);
  cost[Kind::bias] = all * (bias ? step.biases : 0);
  cost[Kind::elementwise] = all * step.sums + hidden * step.states;
  if (!loop) return cost;
  cost[Kind::contraction] += all * size_at(input, 1) * 2;
  cost[Kind::bias] += all * (bias ? step.biases_in_loop : 0);
  cost[Kind::elementwise] += all * step.sums_in_loop + hidden * step.states_in_loop;
  return cost;
}

/// Behind the states stand the parameters of each layer and direction, beginning with two matrices of as many rows.
template <const Step& Of>
Work recurrent(const OpView& op) {
  Work cost;
  Count batch = 1;
  for (std::size_t i = 1; i < op.op.in.size(); ++i) {
    if (!op.has_in(i)) continue;
    const Dims& shape = op.in(i).shape;
    if (shape.size() == 3) batch = shape[1];
    if (shape.size() != 2 || i + 1 == op.op.in.size() || op.in(i + 1).shape.size() != 2) continue;
    if (op.in(i + 1).shape[0] != shape[0]) continue;
    const bool bias = i + 2 < op.op.in.size() && op.in(i + 2).shape.size() == 1;
    cost += one_layer(Of, op.in(i), op.in(i + 1), batch, bias, true);
    ++i;
  }
  return cost;
}

template <const Step& Of, std::size_t First>
Work cell(const OpView& op) {
  return one_layer(Of, op.in(First), op.in(First + 1), work::leading(op.in(0)), op.has_in(First + 2), false);
}

constexpr OpRule kOperators[] = {
    {"aten::adaptive_avg_pool1d", global_average_pool},
    {"aten::adaptive_avg_pool2d", global_average_pool},
    {"aten::adaptive_avg_pool3d", global_average_pool},
    {"aten::add", per_output<1>},
    {"aten::addmm", product<work::addmm>},
    {"aten::avg_pool1d", pool},
    {"aten::avg_pool2d", pool},
    {"aten::avg_pool3d", pool},
    {"aten::baddbmm", product<work::baddbmm>},
    {"aten::batch_norm", batch_norm},
    {"aten::bmm", product<work::matmul>},
    {"aten::conv1d", convolution},
    {"aten::conv2d", convolution},
    {"aten::conv3d", convolution},
    {"aten::conv_transpose1d", transposed_convolution},
    {"aten::conv_transpose2d", transposed_convolution},
    {"aten::conv_transpose3d", transposed_convolution},
    {"aten::div", per_output<1>},
    {"aten::eq", per_output<1>},
    {"aten::ge", per_output<1>},
    {"aten::gelu", per_output<4, Kind::activation>},
    {"aten::group_norm", group_norm},
    {"aten::gru", recurrent<kGru>},
    {"aten::gru_cell", cell<kGru, 2>},
    {"aten::gt", per_output<1>},
    {"aten::hardsigmoid", per_output<2, Kind::activation>},
    {"aten::hardswish", per_output<3, Kind::activation>},
    {"aten::instance_norm", instance_norm},
    {"aten::layer_norm", layer_norm},
    {"aten::le", per_output<1>},
    {"aten::linear", product<work::linear>},
    {"aten::log", per_output<1>},
    {"aten::lstm", recurrent<kLstm>},
    {"aten::lstm_cell", cell<kLstm, 3>},
    {"aten::lt", per_output<1>},
    {"aten::matmul", product<work::matmul>},
    {"aten::max_pool1d", pool},
    {"aten::max_pool2d", pool},
    {"aten::max_pool3d", pool},
    {"aten::maximum", per_output<1>},
    {"aten::mean", per_input<1, Kind::reduction>},
    {"aten::minimum", per_output<1>},
    {"aten::mish", per_output<1, Kind::activation>},
    {"aten::mm", product<work::matmul>},
    {"aten::mul", per_output<1>},
    {"aten::ne", per_output<1>},
    {"aten::neg", per_output<1>},
    {"aten::pow", per_output<1>},
    {"aten::prelu", prelu},
    {"aten::reciprocal", per_output<1>},
    {"aten::rms_norm", rms_norm},
    {"aten::rnn_relu", recurrent<kRnn>},
    {"aten::rnn_relu_cell", cell<kRnn, 2>},
    {"aten::rnn_tanh", recurrent<kRnn>},
    {"aten::rnn_tanh_cell", cell<kRnn, 2>},
    {"aten::rsqrt", per_output<2>},
    {"aten::rsub", per_output<1>},
    {"aten::scaled_dot_product_attention", attention},
    {"aten::silu", per_output<2, Kind::activation>},
    {"aten::softmax", softmax},
    {"aten::square", per_output<1>},
    {"aten::sub", per_output<1>},
    {"aten::sum", sum},
    {"aten::upsample_nearest1d", repeat},
    {"aten::upsample_nearest2d", repeat},
    {"aten::upsample_nearest3d", repeat},
};

/// A comparison and an addition per index, for those that count from the end.
Work embedding(const CallView& call) { return only(Kind::elementwise, numel(call.in()) * 2); }

/// Projections with their biases, and six for each score; its products are equations.
Work multi_head_attention(const CallView& call) {
  Count scores = call.own[Kind::softmax];
  for (const OpView& op : call.ops) {
    if (!op.attr("num_head")) continue;
    const Count twice = work::size_from_end(op.in(0), 1) * 2;
    scores = divided(call.own[Kind::attention] * work::attr_as<std::int64_t>(op, "num_head"), twice);
  }
  Work cost = only(Kind::contraction, call.own[Kind::contraction] * 2);
  cost[Kind::bias] = call.own[Kind::bias];
  cost[Kind::softmax] = scores * 6;
  return cost;
}

constexpr ClassRule kClasses[] = {
    {"torch.nn.Embedding", embedding},
    {"torch.nn.MultiheadAttention", multi_head_attention},
};

constexpr std::string_view kOneBias[] = {"torch.nn.LSTM", "torch.nn.LSTMCell", "torch.nn.RNN", "torch.nn.RNNCell"};

/// Keras's recurrent layers, but for GRU, have one bias.
bool keras_has(const ParamView& view, const Param& param) {
  return !param.name.starts_with("bias_hh") ||
         std::ranges::find(kOneBias, view.trace.class_of(param.module).name) == std::end(kOneBias);
}

constexpr ParamTest kOfKeras = {"", "all that the tool's own layers have", keras_has};
constexpr const ParamTest* kParams[] = {&kOfKeras};

}  // namespace

constinit const Convention kKeras = {
    .name = "keras",
    .doc =
        "what the same layers have in Keras: all weights, as model.summary() prints them, with the statistics of batch "
        "norms; FLOPs as TensorFlow's profiler prints them for inference",
    .unit = Unit::flop,
    .class_rules = kClasses,
    .op_rules = kOperators,
    .params = {.only = kParams, .norm_statistics = true},
    .tool = {.version = "keras 3.15.1, tensorflow 2.21.0",
             .source = "https://github.com/tensorflow/tensorflow/blob/master/tensorflow/python/profiler/internal/"
                       "flops_registry.py",
             .gaps = "nothing for most activations, grouped convolutions that are not depthwise, transposed "
                     "convolutions and pooling in three dimensions, and the products of attention; a recurrent layer "
                     "counts one step and a part of another, however long its input is; PReLU has a slope per element "
                     "there, and one per channel in torch"},
};

}  // namespace thoplw::tools
