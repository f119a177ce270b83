// torchprofile's profile_macs: handlers by operator on a traced graph, in which sizes are tensors too.

#include "conventions/tools/spelt.h"
#include "conventions/tools/subscripts.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

/// Of one multiply-add per product of our own rule.
template <const Formula& Of>
Work products(const OpView& op) {
  return only(Kind::contraction, Of(op).products());
}

Work per_output(const OpView& op) { return only(Kind::elementwise, numel(op.out())); }
Work bilinear(const OpView& op) { return only(Kind::resize, numel(op.out()) * 4); }

/// Output elements x channels in x kernel. A transposed convolution is told by its weight's first size, which is not
/// that of the output; its groups do not matter then, and of one that has as many channels out as in they do twice.
Work convolution(const OpView& op) {
  if (padded_by_name(op)) return {};
  const Dims& weight = op.in(1).shape;
  const Count out = work::size_from_end(op.out(), weight.size() - 1);
  Count each = out == Count(weight.at(0)) ? weight.at(1) : weight.at(0);
  for (std::size_t i = 2; i < weight.size(); ++i) each *= weight[i];
  return only(Kind::contraction, numel(op.out()) * each);
}

template <std::size_t Weight>
Work norm(const OpView& op) {
  return only(Kind::norm, op.has_in(Weight) ? numel(op.out()) : Count(0));
}

/// Every letter's size, that of the last operand which has it; nothing where the equation has an ellipsis.
Work einsum(const OpView& op) {
  const Einsum einsum(op);
  if (einsum.equation.text.find(kEllipsis) != std::string::npos) return {};
  BySubscript sizes;
  for (const BySubscript& operand : einsum.operands) {
    for (const auto& [subscript, size] : operand) sizes[subscript] = size;
  }
  Count product = 1;
  for (const auto& [subscript, size] : sizes) product *= size;
  return only(Kind::contraction, product);
}

/// Nearest is mode 1, bicubic 2, bilinear the rest.
Work grid_sampler(const OpView& op) {
  const AttrValue* value = op.attr("interpolation_mode");
  const auto* number = value ? std::get_if<std::int64_t>(value) : nullptr;
  const std::int64_t mode = number ? *number : 0;
  return only(Kind::resize, numel(op.out()) * (mode == 1 ? 0 : mode == 2 ? 16 : 4));
}

/// Matrices of all layers and directions, but for the projections of hidden states.
Work lstm(const OpView& op) {
  const Count hidden = work::size_from_end(op.out(1), 1);
  const Count directions = divided(work::size_from_end(op.out(), 1), hidden);
  const Count layers = std::max(Count(1), divided(op.out(1).shape.at(0), directions));
  const Count steps = Count(op.out().shape.at(0)) * op.out().shape.at(1);
  Count each = (work::size_from_end(op.in(0), 1) + hidden) * hidden * 4;
  each += (hidden * directions + hidden) * hidden * 4 * (layers - 1);
  return only(Kind::contraction, each * directions * steps);
}

/// A cell is taken apart: its linear layers, and as many products of all hidden units.
template <int Products>
Work cell(const OpView& op) {
  Work cost = only(Kind::contraction, work::rnn_cell(op)[Kind::contraction]);
  cost[Kind::elementwise] = numel(op.out()) * Products;
  return cost;
}

Work lstm_cell(const OpView& op) {
  Work cost = only(Kind::contraction, work::lstm_cell(op)[Kind::contraction]);
  cost[Kind::elementwise] = numel(op.out()) * 3;
  return cost;
}

Work multiplication(const OpView& op) { return inside(op) ? Work{} : per_output(op); }

constexpr OpRule kOperators[] = {
    {"aten::_convolution", convolution},
    {"aten::adaptive_avg_pool1d", per_output},
    {"aten::adaptive_avg_pool2d", per_output},
    {"aten::adaptive_avg_pool3d", per_output},
    {"aten::addmm", products<work::addmm>},
    {"aten::addmm_", free_of_charge},
    {"aten::addmv", products<work::addmm>},
    {"aten::addmv_", free_of_charge},
    {"aten::avg_pool1d", per_output},
    {"aten::avg_pool2d", per_output},
    {"aten::avg_pool3d", per_output},
    {"aten::baddbmm", products<work::baddbmm>},
    {"aten::baddbmm_", free_of_charge},
    {"aten::batch_norm", norm<1>},
    {"aten::bmm", products<work::matmul>},
    {"aten::conv1d", convolution},
    {"aten::conv2d", convolution},
    {"aten::conv3d", convolution},
    {"aten::conv_transpose1d", convolution},
    {"aten::conv_transpose2d", convolution},
    {"aten::conv_transpose3d", convolution},
    {"aten::convolution", convolution},
    {"aten::einsum", einsum},
    {"aten::grid_sampler", grid_sampler},
    {"aten::group_norm", norm<1>},
    {"aten::gru_cell", cell<2>},
    {"aten::instance_norm", norm<1>},
    {"aten::layer_norm", norm<1>},
    {"aten::leaky_relu", per_output},
    {"aten::leaky_relu_", free_of_charge},
    {"aten::linear", products<work::linear>},
    {"aten::lstm", lstm},
    {"aten::lstm_cell", lstm_cell},
    {"aten::matmul", products<work::matmul>},
    {"aten::mean", per_output},
    {"aten::mul", multiplication},
    {"aten::multiply", per_output},
    {"aten::rnn_relu_cell", cell<0>},
    {"aten::rnn_tanh_cell", cell<0>},
    {"aten::scaled_dot_product_attention", products<work::attention>},
    {"aten::upsample_bilinear2d", bilinear},
};

// Tracing makes tensors of sizes, and so an operator of each product of two: one multiply-add.
template <int Products>
Work sizes(const CallView&) {
  return only(Kind::elementwise, Products);
}

/// Besides its own four: where keys, which are the values too, come from elsewhere, one of a packed weight and bias
/// each.
Work attention_sizes(const CallView& call) {
  const std::vector<Id>& in = call.call.in;
  const bool apart = in.size() > 2 && in[0] != in[1] && in[1] == in[2] && call.param("in_proj_weight");
  return only(Kind::elementwise, 4 + (apart ? 1 + (call.param("in_proj_bias") ? 1 : 0) : 0));
}

constexpr ClassRule kClasses[] = {
    {"torch.nn.MultiheadAttention", attention_sizes, true},
    {"torchvision.models.maxvit.WindowPartition", sizes<1>, true},
    {"torchvision.models.swin_transformer.ShiftedWindowAttention", sizes<2>, true},
    {"torchvision.models.swin_transformer.ShiftedWindowAttentionV2", sizes<3>, true},
    {"torchvision.models.vision_transformer.VisionTransformer", sizes<1>, true},
};

}  // namespace

constinit const Convention kTorchprofile = {
    .name = "torchprofile",
    .doc =
        "what torchprofile's profile_macs prints in eval mode: products, and one MAC per output element of "
        "multiplications, norms with weights, means, average pooling and leaky ReLU; every parameter once",
    .class_rules = kClasses,
    .op_rules = kOperators,
    .only_live = true,
    .tool =
        {.version = "torchprofile 0.1.0",
         .source = "https://github.com/zhijian-liu/torchprofile",
         .gaps =
             "nothing for mm, GRU and RNN layers, other products, norms without weights, other activations, and "
             "convolutions with padding by name; grouped transposed convolutions by another formula; one MAC for each "
             "product of sizes in the model's code, which is counted here only for layers of torch and torchvision"},
};

}  // namespace thoplw::tools
