// fvcore's FlopCountAnalysis, and mmengine's copy of it: handles by operator on a traced graph. Their "flop" is one
// multiply-add.
#include <algorithm>
#include <cctype>
#include <string>

#include "conventions/tools/subscripts.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

/// The products of our own rule.
template <const Formula& Of>
Work products(const OpView& op) {
  const Work work = Of(op);
  Work cost;
  cost[Kind::contraction] = work[Kind::contraction];
  cost[Kind::attention] = work[Kind::attention];
  return cost;
}

Work convolution(const OpView& op) { return padded_by_name(op) ? Work{} : products<work::convolution>(op); }

/// All elements of the first operand by the columns of the second. Of a vector mmengine makes one; fvcore fails.
Work matmul(const OpView& op) {
  const bool vector = op.in(1).shape.size() == 1;
  return only(Kind::contraction, numel(op.in(0)) * (vector ? Count(1) : work::size_from_end(op.in(1), 1)));
}

/// "abc,abd->acd" and "abc,adc->adb", whatever the letters.
bool is_batched_product(const std::string& text) {
  std::string letters, seen;
  for (const char c : text) {
    if (std::isalpha(static_cast<unsigned char>(c)) && seen.find(c) == seen.npos) seen += c;
    const std::size_t place = seen.find(c);
    letters += place == seen.npos ? c : static_cast<char>('a' + place);
  }
  return letters == "abc,abd->acd" || letters == "abc,adc->adb";
}

/// Half of the operations that numpy estimates.
Work einsum(const OpView& op) {
  const Einsum einsum(op);
  if (!is_batched_product(einsum.equation.text)) return only(Kind::contraction, numpy_estimate(einsum).value() / 2);
  Count all = 1;
  for (const auto& [subscript, size] : einsum.sizes()) all *= size;
  return only(Kind::contraction, all);
}

/// Without statistics to compute: a multiplication and, with a weight, an addition.
Work batch_norm(const OpView& op) { return only(Kind::norm, numel(op.in(0)) * (op.has_in(1) ? 2 : 1)); }

/// The same, "5 is just a rough estimate".
Work norm(const OpView& op) { return only(Kind::norm, numel(op.in(0)) * (op.has_in(1) ? 5 : 4)); }

Work per_input(const OpView& op) { return only(Kind::pool, numel(op.in(0))); }

template <int Each>
Work per_output(const OpView& op) {
  return only(Kind::resize, numel(op.out()) * Each);
}

constexpr OpRule kOperators[] = {
    {"aten::adaptive_avg_pool2d", per_input},
    {"aten::addmm", products<work::addmm>},
    {"aten::batch_norm", batch_norm},
    {"aten::bmm", products<work::matmul>},
    {"aten::conv1d", convolution},
    {"aten::conv2d", convolution},
    {"aten::conv3d", convolution},
    {"aten::conv_transpose1d", products<work::conv_transpose>},
    {"aten::conv_transpose2d", products<work::conv_transpose>},
    {"aten::conv_transpose3d", products<work::conv_transpose>},
    {"aten::convolution", products<work::either_convolution>},
    {"aten::einsum", einsum},
    {"aten::grid_sampler", per_output<4>},
    {"aten::group_norm", norm},
    {"aten::gru_cell", products<work::rnn_cell>},
    {"aten::instance_norm", norm},
    {"aten::layer_norm", norm},
    {"aten::linear", products<work::linear>},
    {"aten::lstm_cell", products<work::lstm_cell>},
    {"aten::matmul", matmul},
    {"aten::mm", matmul},
    {"aten::rnn_relu_cell", products<work::rnn_cell>},
    {"aten::rnn_tanh_cell", products<work::rnn_cell>},
    {"aten::upsample_bilinear2d", per_output<4>},
    {"aten::upsample_nearest2d", per_output<1>},
};

}  // namespace

constinit const Convention kFvcore = {
    .name = "fvcore",
    .doc =
        "what fvcore's FlopCountAnalysis prints in eval mode: one flop per multiply-add of products, and norms, "
        "adaptive pooling and resizing of images; every parameter once",
    .op_rules = kOperators,
    .only_live = true,
    .tool =
        {.version = "fvcore 0.1.5.post20221221",
         .source = "https://github.com/facebookresearch/fvcore",
         .gaps =
             "nothing for scaled_dot_product_attention, recurrent layers, baddbmm, convolutions with padding by name, "
             "other pooling and resizing, activations and biases"},
};

constinit const Convention kMmengine = {
    .name = "mmengine",
    .doc =
        "what mmengine's get_model_complexity_info prints in eval mode: multiply-adds as fvcore counts them, and "
        "products of matrices and vectors; every parameter once",
    .op_rules = kOperators,
    .only_live = true,
    .tool =
        {.version = "mmengine 0.10.7",
         .source = "https://github.com/open-mmlab/mmengine/tree/main/mmengine/analysis",
         .gaps =
             "nothing for scaled_dot_product_attention, recurrent layers, baddbmm, convolutions with padding by name, "
             "other pooling and resizing, activations and biases"},
};

}  // namespace thoplw::tools
