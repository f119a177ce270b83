// ptflops: what it hooks onto modules, by their exact class, and what it sees of functions that it replaces.
#include <algorithm>
#include <optional>
#include <string>

#include "conventions/tools/spelt.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

// ---- modules

Count weight_of(const CallView& call) {
  const Tensor* weight = call.param_or_input("weight", 1);
  return weight ? numel(*weight) : Count(0);
}

/// The product of all sizes from the i-th on.
Count from(const Tensor& tensor, std::size_t i) {
  Count product = 1;
  for (; i < tensor.shape.size(); ++i) product *= tensor.shape[i];
  return product;
}

/// The first size is the batch and those from the third on are places, without a batch too.
template <bool Transposed>
Work convolution(const CallView& call) {
  const Count batch = call.in().shape.at(0);
  Work cost = only(Kind::contraction, weight_of(call) * batch * from(Transposed ? call.in() : call.out(), 2));
  if (call.param("bias")) cost[Kind::bias] = batch * from(call.out(), 1);
  return cost;
}

Work linear(const CallView& call) {
  const Count positions = work::leading(call.in()), out = work::size_from_end(call.out(), 1);
  Work cost = only(Kind::contraction, positions * work::size_from_end(call.in(), 1) * out);
  if (call.param("bias")) cost[Kind::bias] = positions * out;
  return cost;
}

Work activation(const CallView& call) { return only(Kind::activation, numel(call.out())); }
Work pool(const CallView& call) { return only(Kind::pool, numel(call.in())); }

/// Twice with a weight, by an attribute that a layer norm does not have.
Work norm(const CallView& call) { return only(Kind::norm, numel(call.in()) * (call.param("weight") ? 2 : 1)); }
Work layer_norm(const CallView& call) { return only(Kind::norm, numel(call.in())); }

/// Of the first sample only.
Work upsample(const CallView& call) { return only(Kind::resize, from(call.out(), 1)); }

/// Operations of one kind of cell per hidden element, besides the products.
std::uint64_t per_hidden(const CallView& call) {
  const std::string_view cls = call.trace.class_of(call.call.module).name;
  return cls.find("LSTM") != cls.npos ? 10 : cls.find("GRU") != cls.npos ? 7 : 1;
}

/// Weights and biases of one layer or cell; the names of its parameters end in `suffix`.
std::optional<Count> step(const CallView& call, const std::string& suffix) {
  const Tensor* input = call.param("weight_ih" + suffix);
  const Tensor* hidden = call.param("weight_hh" + suffix);
  if (!input || !hidden) return std::nullopt;
  const std::uint64_t operations = per_hidden(call);
  const std::int64_t gates = operations == 10 ? 4 : operations == 7 ? 3 : 1;
  Count sum = numel(*input) + numel(*hidden) + divided(hidden->shape.at(0), gates) * operations;
  for (const char* name : {"bias_ih", "bias_hh"}) {
    if (const Tensor* bias = call.param(name + suffix)) sum += numel(*bias);
  }
  return sum;
}

/// The first two sizes are samples and steps, in either order. A second direction is as the first.
Work recurrent(const CallView& call) {
  Count once = 0;
  for (int layer = 0; const std::optional<Count> sum = step(call, "_l" + std::to_string(layer)); ++layer) once += *sum;
  const Count positions = Count(call.in().shape.at(0)) * call.in().shape.at(1);
  return only(Kind::contraction, once * positions * (call.param("weight_ih_l0_reverse") ? 2 : 1));
}

Work recurrent_cell(const CallView& call) {
  return only(Kind::contraction, step(call, "").value_or(0) * call.in().shape.at(0));
}

/// Samples, heads and positions, from the operator that did the attention.
struct Heads {
  Count samples, heads, queries, keys;
};

Heads heads_of(const CallView& call) {
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    if (name == "aten::scaled_dot_product_attention") {
      const Dims& q = op.in(0).shape;
      return {q.at(0), q.at(1), q.at(2), op.in(1).shape.at(2)};
    }
    if (name == "aten::_native_multi_head_attention") {
      return {call.in(0).shape.at(0), work::attr_as<std::int64_t>(op, "num_head"), call.in(0).shape.at(1),
              call.in(1).shape.at(1)};
    }
    if (name == "aten::bmm" || name == "aten::baddbmm") {
      const std::size_t first = name == "aten::bmm" ? 0 : 1;
      const Dims& q = op.in(first).shape;
      const Count heads = divided(work::size_from_end(call.in(0), 1), q.at(2));
      return {divided(q.at(0), heads), heads, q.at(1), op.in(first + 1).shape.at(2)};
    }
  }
  return {};
}

/// Scaled queries, projections, products of heads with their softmax, and the projection of what comes out.
Work multi_head_attention(const CallView& call) {
  if (call.call.in.size() < 3) return {};
  const Heads n = heads_of(call);
  if (n.heads == 0) return {};
  const Count q = work::size_from_end(call.in(0), 1);
  const Count k = work::size_from_end(call.in(1), 1);
  const Count v = work::size_from_end(call.in(2), 1);
  const auto per_head = [&](Count size) { return divided(size, n.heads); };
  Work cost;
  cost[Kind::elementwise] = n.queries * q;
  cost[Kind::contraction] = n.queries * q * q + n.keys * k * k + n.keys * v * v + n.queries * v * v;
  cost[Kind::bias] = n.queries * v;  // of the last projection, there or not
  if (call.param("in_proj_bias")) cost[Kind::bias] += (n.queries + n.keys + n.keys) * q;
  cost[Kind::attention] = n.heads * n.queries * n.keys * (per_head(q) + per_head(v));
  cost[Kind::softmax] = n.heads * n.queries * n.keys;
  return cost * n.samples;
}

constexpr auto kLayers = std::to_array<ClassRule>({
    {"torch.nn.AdaptiveAvgPool1d", pool},
    {"torch.nn.AdaptiveAvgPool2d", pool},
    {"torch.nn.AdaptiveAvgPool3d", pool},
    {"torch.nn.AdaptiveMaxPool1d", pool},
    {"torch.nn.AdaptiveMaxPool2d", pool},
    {"torch.nn.AdaptiveMaxPool3d", pool},
    {"torch.nn.AvgPool1d", pool},
    {"torch.nn.AvgPool2d", pool},
    {"torch.nn.AvgPool3d", pool},
    {"torch.nn.BatchNorm1d", norm},
    {"torch.nn.BatchNorm2d", norm},
    {"torch.nn.BatchNorm3d", norm},
    {"torch.nn.Conv1d", convolution<false>},
    {"torch.nn.Conv2d", convolution<false>},
    {"torch.nn.Conv3d", convolution<false>},
    {"torch.nn.ConvTranspose1d", convolution<true>},
    {"torch.nn.ConvTranspose2d", convolution<true>},
    {"torch.nn.ConvTranspose3d", convolution<true>},
    {"torch.nn.ELU", activation},
    {"torch.nn.GELU", activation},
    {"torch.nn.GRU", recurrent},
    {"torch.nn.GRUCell", recurrent_cell},
    {"torch.nn.GroupNorm", norm},
    {"torch.nn.InstanceNorm1d", norm},
    {"torch.nn.InstanceNorm2d", norm},
    {"torch.nn.InstanceNorm3d", norm},
    {"torch.nn.LSTM", recurrent},
    {"torch.nn.LSTMCell", recurrent_cell},
    {"torch.nn.LayerNorm", layer_norm},
    {"torch.nn.LeakyReLU", activation},
    {"torch.nn.Linear", linear},
    {"torch.nn.MaxPool1d", pool},
    {"torch.nn.MaxPool2d", pool},
    {"torch.nn.MaxPool3d", pool},
    {"torch.nn.MultiheadAttention", multi_head_attention},
    {"torch.nn.PReLU", activation},
    {"torch.nn.RNN", recurrent},
    {"torch.nn.RNNCell", recurrent_cell},
    {"torch.nn.ReLU", activation},
    {"torch.nn.ReLU6", activation},
    {"torch.nn.Upsample", upsample},
});

/// What functions cost is added, also in such layers.
constexpr auto kClasses = [] {
  auto rules = kLayers;
  for (ClassRule& rule : rules) rule.besides = true;
  return rules;
}();

// ---- functions

template <Kind Of>
Work per_input(const OpView& op) {
  return only(Of, seen(op) ? numel(op.in(0)) : 0);
}

Work interpolate(const OpView& op) { return only(Kind::resize, numel(op.out())); }
Work elementwise(const OpView& op) { return only(Kind::elementwise, seen(op) ? broadcast_from_first(op) : 0); }
Work matmul(const OpView& op) { return only(Kind::contraction, seen(op) ? product(op.in(0), op.in(1)) : 0); }

Work added_matmul(const OpView& op) {
  Work cost = only(Kind::contraction, product(op.in(1), op.in(2)));
  cost[Kind::bias] = numel(op.in(0));
  return cost;
}

constexpr OpRule kFunctions[] = {
    {"aten::_upsample_bicubic2d_aa", interpolate},
    {"aten::_upsample_bilinear2d_aa", interpolate},
    {"aten::_upsample_nearest_exact1d", interpolate},
    {"aten::_upsample_nearest_exact2d", interpolate},
    {"aten::_upsample_nearest_exact3d", interpolate},
    {"aten::adaptive_avg_pool1d", per_input<Kind::pool>},
    {"aten::adaptive_avg_pool2d", per_input<Kind::pool>},
    {"aten::adaptive_avg_pool3d", per_input<Kind::pool>},
    {"aten::adaptive_max_pool1d", per_input<Kind::pool>},
    {"aten::adaptive_max_pool2d", per_input<Kind::pool>},
    {"aten::adaptive_max_pool3d", per_input<Kind::pool>},
    {"aten::add", elementwise},
    {"aten::add_", free_of_charge},
    {"aten::addmm", added_matmul},
    {"aten::addmm_", free_of_charge},
    {"aten::avg_pool1d", per_input<Kind::pool>},
    {"aten::avg_pool2d", per_input<Kind::pool>},
    {"aten::avg_pool3d", per_input<Kind::pool>},
    {"aten::baddbmm", added_matmul},
    {"aten::baddbmm_", free_of_charge},
    {"aten::bmm", matmul},
    {"aten::elu", per_input<Kind::activation>},
    {"aten::gelu", per_input<Kind::activation>},
    {"aten::matmul", matmul},
    {"aten::max_pool1d", per_input<Kind::pool>},
    {"aten::max_pool1d_with_indices", per_input<Kind::pool>},
    {"aten::max_pool2d", per_input<Kind::pool>},
    {"aten::max_pool2d_with_indices", per_input<Kind::pool>},
    {"aten::max_pool3d", per_input<Kind::pool>},
    {"aten::max_pool3d_with_indices", per_input<Kind::pool>},
    {"aten::mm", matmul},
    {"aten::mul", elementwise},
    {"aten::mul_", free_of_charge},
    {"aten::prelu", per_input<Kind::activation>},
    {"aten::relu", per_input<Kind::activation>},
    {"aten::relu6", per_input<Kind::activation>},
    {"aten::silu", per_input<Kind::activation>},
    {"aten::softmax", per_input<Kind::softmax>},
    {"aten::upsample_bicubic2d", interpolate},
    {"aten::upsample_bilinear2d", interpolate},
    {"aten::upsample_linear1d", interpolate},
    {"aten::upsample_nearest1d", interpolate},
    {"aten::upsample_nearest2d", interpolate},
    {"aten::upsample_nearest3d", interpolate},
    {"aten::upsample_trilinear3d", interpolate},
};

/// No layer shows what functions cost: the total has that of all samples.
void to_total(Charge& charge) { charge = {.module = 0, .times = 1, .per_sample = false}; }

}  // namespace

constinit const Convention kPtflops = {
    .name = "ptflops",
    .doc =
        "what ptflops prints with its back end pytorch: modules of exactly the classes that it knows, per sample, and "
        "functions of torch, which count again inside of such modules; trainable parameters",
    .class_rules = kClasses,
    .op_rules = kFunctions,
    .subclasses = false,
    .per_sample = true,
    .in_places = in_each,
    .op_charge = to_total,
    .params = {.only = kTrained},
    .tool = {.version = "ptflops 0.7.5",
             .source = "https://github.com/sovrasov/flops-counter.pytorch",
             .gaps = "modules count per sample, but functions for the whole batch; pooling, ReLU, GELU and attention "
                     "with weights count twice; nothing for @, +, * and scaled_dot_product_attention, nor for "
                     "functional linear layers, convolutions and norms"},
};

}  // namespace thoplw::tools
