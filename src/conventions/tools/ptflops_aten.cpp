// ptflops with its back end aten: products and convolutions below autograd, biases where they are part of them.
#include "conventions/tools/spelt.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

/// A linear layer adds its bias apart from the product where what goes in lies not in one piece.
Work linear(const OpView& op) {
  Work cost = work::linear(op);
  if (op.attr("scattered")) cost[Kind::bias] = 0;
  return cost;
}

/// A product with a vector on the right is no product of matrices.
Work matmul(const OpView& op) {
  return only(Kind::contraction, op.in(1).shape.size() == 1 ? Count(0) : work::matmul(op).products());
}

Work inner(const OpView& op) {
  const bool vectors = op.in(0).shape.size() < 2 && op.in(1).shape.size() < 2;
  return only(Kind::contraction, vectors ? Count(0) : work::inner(op).products());
}

/// Whatever is added counts once per element of the result.
Work addmm(const OpView& op) {
  Work cost = only(Kind::contraction, product(op.in(1), op.in(2)));
  cost[Kind::bias] = numel(op.out());
  return cost;
}

template <const Formula& Of>
Work products(const OpView& op) {
  return only(Kind::contraction, Of(op).products());
}

template <const Formula& Of>
Work with_bias(const OpView& op) {
  const Work work = Of(op);
  Work cost = only(Kind::contraction, work.products());
  cost[Kind::bias] = work[Kind::bias];
  return cost;
}

/// One operator that it has no rule for, unless the tensors are such that torch takes it apart.
Work attention(const OpView& op) {
  const bool fused = op.in(0).shape.size() == 4 && work::size_from_end(op.in(0), 1) == work::size_from_end(op.in(2), 1);
  return only(Kind::attention, fused ? Count(0) : work::attention(op).products());
}

/// Fused only without gradients, which the tool does not switch off: all projections. The first ones are of inputs in
/// pieces, but for a batch of one.
Work multi_head_attention(const OpView& op) {
  const Work work = work::multi_head_attention(op);
  Work cost = only(Kind::contraction, work[Kind::contraction]);
  cost[Kind::bias] = size_at(op.in(0), 0) == 1 ? work[Kind::bias] : numel(op.in(0));
  return cost;
}

/// All but a first layer whose input lies in pieces adds its biases in the products. Behind the states stand the
/// parameters: for each layer and direction two matrices and two biases, and one matrix more with projections.
Work step_by_step(const OpView& op, std::size_t states, std::size_t each) {
  Work cost = with_bias<work::rnn>(op);
  if (!op.attr("scattered") || cost[Kind::bias] == 0) return cost;
  const Count directions = divided(work::size_from_end(op.out(0), 1), work::size_from_end(op.in(1), 1));
  for (std::size_t d = 0; d < directions.value(); ++d) {
    const std::size_t input_bias = 1 + states + d * each + 2;
    cost[Kind::bias] -= numel(op.in(input_bias)) * work::leading(op.in(0));
  }
  return cost;
}

Work recurrent(const OpView& op) { return step_by_step(op, 1, 4); }

/// One operator that it has no rule for, unless there are projections.
Work lstm(const OpView& op) {
  const bool projected = op.has_in(2) && op.in(1).shape != op.in(2).shape;
  return projected ? step_by_step(op, 2, 5) : Work{};
}

constexpr OpRule kOperators[] = {
    {"aten::_native_multi_head_attention", multi_head_attention},
    {"aten::addmm", addmm},
    {"aten::bmm", products<work::matmul>},
    {"aten::conv1d", with_bias<work::convolution>},
    {"aten::conv2d", with_bias<work::convolution>},
    {"aten::conv3d", with_bias<work::convolution>},
    {"aten::conv_transpose1d", with_bias<work::conv_transpose>},
    {"aten::conv_transpose2d", with_bias<work::conv_transpose>},
    {"aten::conv_transpose3d", with_bias<work::conv_transpose>},
    {"aten::convolution", with_bias<work::either_convolution>},
    {"aten::einsum", products<work::einsum>},
    {"aten::gru", recurrent},
    {"aten::gru_cell", with_bias<work::rnn_cell>},
    {"aten::inner", inner},
    {"aten::linalg_matmul", matmul},
    {"aten::linear", linear},
    {"aten::lstm", lstm},
    {"aten::lstm_cell", with_bias<work::lstm_cell>},
    {"aten::matmul", matmul},
    {"aten::mm", products<work::matmul>},
    {"aten::rnn_relu", recurrent},
    {"aten::rnn_relu_cell", with_bias<work::rnn_cell>},
    {"aten::rnn_tanh", recurrent},
    {"aten::rnn_tanh_cell", with_bias<work::rnn_cell>},
    {"aten::scaled_dot_product_attention", attention},
    {"aten::tensordot", products<work::tensordot>},
};

}  // namespace

constinit const Convention kPtflopsAten = {
    .name = "ptflops-aten",
    .doc =
        "what ptflops prints with its back end aten on a CPU: products of matrices, and linear layers and convolutions "
        "with their biases; trainable parameters",
    .op_rules = kOperators,
    .params = {.only = kTrained},
    .tool = {.version = "ptflops 0.7.5",
             .source = "https://github.com/sovrasov/flops-counter.pytorch",
             .gaps =
                 "nothing for scaled_dot_product_attention, LSTM without projections, baddbmm and products of vectors"},
};

}  // namespace thoplw::tools
