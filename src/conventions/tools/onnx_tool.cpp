// onnx-tool: prices by node on a graph that was exported. Here nodes are the operators that a file's are read as, and
// of a live model those that torch's exporter writes for each operator.
#include <algorithm>
#include <array>
#include <string_view>

#include "conventions/tools/kernel.h"
#include "conventions/tools/onnx_tool.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {
namespace {

using namespace onnx_tool;

// What it counts for one of each, in the order of its own list.
constexpr int kDivide = 4, kExp = 32, kLog = 43, kSine = 39, kRoot = 24, kTanh = kExp + 2 + kDivide;

/// A tensor without dimensions has no elements.
Count volume(const Tensor& tensor) { return tensor.shape.empty() ? Count(0) : numel(tensor); }

template <int Each, Kind Of = Kind::elementwise>
Work per_output(const OpView& op) {
  return only(Of, volume(op.out()) * Each);
}

template <int Each>
Work per_input(const OpView& op) {
  return only(Kind::reduction, volume(op.in(0)) * Each);
}

/// Each input but the first is combined with what is there.
Work per_pair(const OpView& op) {
  const std::size_t pairs = op.op.in.size() > 1 ? op.op.in.size() - 1 : 1;
  return only(Kind::elementwise, volume(op.out()) * pairs);
}

/// As many as there are if all elements were true.
Work nonzero(const OpView& op) {
  return only(Kind::elementwise, volume(op.in(0)) * static_cast<std::uint64_t>(op.in(0).shape.size()));
}

/// All elements that come out by the rows of the second factor, and an addition where a bias is given.
template <std::size_t B, std::size_t Added, std::size_t Rows>
Work product(const OpView& op) {
  const Tensor& b = op.in(B);
  const Count rows = b.shape.size() > 1 ? work::size_from_end(b, Rows) : Count(1);
  Work cost = only(Kind::contraction, volume(op.out()) * rows);
  if (op.has_in(Added)) cost[Kind::bias] = volume(op.out());
  return cost;
}
constexpr std::size_t kNothing = 99;  ///< no input

Work gemm(const OpView& op) {
  const Count inner = work::size_from_end(op.in(0), work::attr_as<bool>(op, "transA") ? 2 : 1);
  Work cost = only(Kind::contraction, volume(op.out()) * inner);
  if (op.has_in(2)) cost[Kind::bias] = volume(op.out());
  return cost;
}

// ---- batch norms, which the exporter folds into the layer ahead

Work batch_norm(const OpView& op) {
  return layer_ahead(op) ? Work() : per_output<2 + kRoot + kDivide + 1, Kind::norm>(op);
}

Work linear(const OpView& op) {
  Work cost = product<1, 2, 1>(op);
  if (takes_in_batch_norm(op)) cost[Kind::bias] = volume(op.out());
  return cost;
}

/// The exporter compares with a threshold, too.
Work softplus(const OpView& op) {
  return only(Kind::activation, volume(op.out()) * (kExp + 1 + kLog + (is_exported(op) ? 0 : 1)));
}

/// Transposed or not: all elements that come out by those of the weight but for its first size.
Work convolution(const OpView& op) {
  const Dims& weight = op.in(1).shape;
  Count each = 1;
  for (std::size_t i = 1; i < weight.size(); ++i) each *= weight[i];
  Work cost = only(Kind::contraction, volume(op.out()) * each);
  if (op.has_in(2) || takes_in_batch_norm(op)) cost[Kind::bias] = volume(op.out());
  return cost;
}

/// Of three dimensions only the first of the kernel counts.
Work pool(const OpView& op) {
  const Dims kernel = kernel_of(op);
  return only(Kind::pool, volume(op.out()) * (kernel.size() == 2 ? Count(kernel[0]) * kernel[1] : Count(kernel.at(0))));
}

/// To one element it is a mean, of a file with a division at the end; else a pooling with a kernel that divides the
/// input.
Work adaptive_average_pool(const OpView& op) {
  const Tensor& in = op.in(0);
  const Tensor& out = op.out();
  const std::size_t space = space_of(op);
  Count outputs = 1, kernel = 1;
  for (std::size_t i = 1; i <= space; ++i) {
    const Count size = work::size_from_end(out, i);
    outputs *= size;
    if (i + 2 > space) kernel *= divided(work::size_from_end(in, i), size);
  }
  const Count mean = volume(in) + (is_exported(op) ? volume(out) * kDivide : Count(0));
  return only(Kind::pool, outputs == 1 ? mean : volume(out) * kernel);
}

/// Four additions and three products per element; per row an addition, a root and a division. A row is along the first
/// of the dimensions that are normalised.
Work layer_norm(const OpView& op) {
  const Tensor& x = op.in(0);
  const Count row = work::size_from_end(x, normalized_dims(op));
  return only(Kind::norm, volume(x) * 7 + divided(volume(x), row) * (1 + kRoot + kDivide));
}

/// Of a live model: a power, a mean and a product per element, and one with the weight; per row a sum, a root and a
/// reciprocal.
Work rms_norm(const OpView& op) {
  const Count each = kExp + 2 + (op.has_in(1) ? 1 : 0);
  return only(Kind::norm, volume(op.in(0)) * each + rows_of(op) * (1 + kRoot + kDivide));
}

/// An instance norm of the groups, a product and an addition.
Work group_norm(const OpView& op) { return only(Kind::norm, volume(op.out()) * (7 + 2)); }

/// Across channels, with as many of them as `size`; of a file's others along an axis.
Work norm(const OpView& op) {
  const bool local = op.attr("size") != nullptr;
  const Count each =
      local ? Count(kDivide + kExp + 1) + Count(work::attr_as<std::int64_t>(op, "size")) : Count(kExp + 1);
  return only(Kind::norm, volume(op.out()) * each);
}

/// Two products with the scale, the scores, their softmax, the values; a mask is added.
Work attention(const OpView& op) {
  const Work work = work::attention(op);
  Work cost = only(Kind::attention, work[Kind::attention]);
  cost[Kind::softmax] = work[Kind::softmax] * (kExp + kDivide);
  cost[Kind::elementwise] = volume(op.in(0)) + volume(op.in(1));
  if (op.has_in(3)) cost[Kind::elementwise] += work[Kind::softmax];
  return cost;
}

/// Every subscript's size, of two operands.
Work einsum(const OpView& op) {
  if (op.op.in.size() != 2) return {};
  const auto& equation = work::attr_as<std::string>(op, "equation");
  std::array<Count, 256> sizes;
  sizes.fill(1);
  std::size_t operand = 0, place = 0;
  for (const char c : equation.substr(0, equation.find("->"))) {
    if (c == ',') ++operand, place = 0;
    if (c == ',' || c == ' ') continue;
    const Dims& shape = op.in(operand).shape;
    if (place >= shape.size()) return {};
    sizes.at(static_cast<unsigned char>(c)) = shape[place++];
  }
  Count product = 1;
  for (const Count& size : sizes) product *= size;
  return only(Kind::contraction, product);
}

// ---- recurrent layers: products and biases of all gates, and what becomes of the states, once for both directions

constexpr int kLstmState = 4 + 3 * kExp + 2 * kTanh + 4, kGruState = 3 + 2 * kExp + kTanh + 5;

/// It has no rule for other numbers of gates.
Work recurrent(const OpView& op) {
  const Tensor& w = op.in(1);
  const Tensor& r = op.in(2);
  const Count steps = work::leading(op.in(0));
  const Count hidden = work::size_from_end(r, 1), gates = divided(work::size_from_end(w, 2), hidden);
  if (gates != 3 && gates != 4) return {};
  Work cost = only(Kind::contraction, steps * (numel(w) + numel(r)));
  if (op.has_in(3)) cost[Kind::bias] = steps * volume(op.in(3));
  cost[Kind::elementwise] = steps * hidden * (gates == 4 ? kLstmState : kGruState);
  return cost;
}

/// The same of all layers. What comes out is as wide as the states of all directions, which are listed by layer too.
template <int State>
Work recurrent_layers(const OpView& op) {
  Work cost = work::rnn(op);
  const Tensor& states = op.out(1);
  const Count hidden = work::size_from_end(states, 1);
  const Count directions = divided(work::size_from_end(op.out(), 1), hidden);
  const Count layers = divided(work::size_from_end(states, 3), directions);
  cost[Kind::elementwise] = work::leading(op.in(0)) * hidden * layers * State;
  return cost;
}

/// A cell is taken apart, with so much per element of its state.
template <const Formula& Of, int State>
Work cell(const OpView& op) {
  Work cost = Of(op);
  cost[Kind::elementwise] = volume(op.out()) * State;
  return cost;
}
constexpr int kLstmCell = 3 * kExp + 2 * 2 * kTanh + 5 + 3, kGruCell = 2 * kExp + 2 * kTanh + 4 + 2 + 1;

// ---- arithmetic on sizes and constants, which here is done when a file is read

struct Folded {
  std::string_view name;
  int each;
};
constexpr Folded kFolded[] = {
    {"aten::abs", 1},         {"aten::add", 1},         {"aten::amax", 1},        {"aten::amin", 1},
    {"aten::ceil", 1},        {"aten::div", kDivide},   {"aten::eq", 1},          {"aten::exp", kExp},
    {"aten::floor", 1},       {"aten::ge", 1},          {"aten::gt", 1},          {"aten::le", 1},
    {"aten::log", kLog},      {"aten::logical_and", 1}, {"aten::logical_not", 1}, {"aten::logical_or", 1},
    {"aten::logical_xor", 1}, {"aten::lt", 1},          {"aten::maximum", 1},     {"aten::mean", 1},
    {"aten::minimum", 1},     {"aten::mul", 1},         {"aten::neg", 1},         {"aten::pow", kExp},
    {"aten::prod", 1},        {"aten::reciprocal", 4},  {"aten::remainder", 1},   {"aten::round", 1},
    {"aten::sign", 1},        {"aten::sqrt", kRoot},    {"aten::sub", 1},         {"aten::sum", 1},
};

Work folded(const OpView& op) {
  const auto* row = std::ranges::find(kFolded, work::attr_as<std::string>(op, "of"), &Folded::name);
  return row == std::end(kFolded) ? Work() : only(Kind::elementwise, volume(op.out()) * row->each);
}

constexpr OpRule kOperators[] = {
    {"aten::abs", per_output<1>},
    {"aten::adaptive_avg_pool1d", adaptive_average_pool},
    {"aten::adaptive_avg_pool2d", adaptive_average_pool},
    {"aten::adaptive_avg_pool3d", adaptive_average_pool},
    {"aten::add", per_pair},
    {"aten::addmm", product<2, 0, 2>},
    {"aten::amax", per_input<1>},
    {"aten::amin", per_input<1>},
    {"aten::atan", per_output<2 * (kRoot + 4 + kDivide)>},
    {"aten::avg_pool1d", pool},
    {"aten::avg_pool2d", pool},
    {"aten::avg_pool3d", pool},
    {"aten::baddbmm", product<2, 0, 2>},
    {"aten::batch_norm", batch_norm},
    {"aten::bmm", product<1, kNothing, 2>},
    {"aten::ceil", per_output<1>},
    {"aten::clamp", per_output<2>},
    {"aten::conv1d", convolution},
    {"aten::conv2d", convolution},
    {"aten::conv3d", convolution},
    {"aten::conv_transpose1d", convolution},
    {"aten::conv_transpose2d", convolution},
    {"aten::conv_transpose3d", convolution},
    {"aten::cos", per_output<kSine>},
    {"aten::cumsum", per_output<1>},
    {"aten::div", per_output<kDivide>},
    {"aten::einsum", einsum},
    {"aten::elu", per_output<1 + kExp + 2, Kind::activation>},
    {"aten::eq", per_output<1>},
    {"aten::exp", per_output<kExp>},
    {"aten::floor", per_output<1>},
    {"aten::ge", per_output<1>},
    {"aten::gelu", per_output<kExp + 2, Kind::activation>},
    {"aten::group_norm", group_norm},
    {"aten::gru", recurrent_layers<kGruState>},
    {"aten::gru_cell", cell<work::rnn_cell, kGruCell>},
    {"aten::gt", per_output<1>},
    {"aten::hardsigmoid", per_output<4, Kind::activation>},
    {"aten::hardswish", per_output<5, Kind::activation>},
    {"aten::hardtanh", per_output<2, Kind::activation>},
    {"aten::instance_norm", per_output<7, Kind::norm>},
    {"aten::layer_norm", layer_norm},
    {"aten::le", per_output<1>},
    {"aten::leaky_relu", per_output<2, Kind::activation>},
    {"aten::linalg_vector_norm", per_input<1 + kRoot>},
    {"aten::linear", linear},
    {"aten::log", per_output<kLog>},
    {"aten::log_softmax", per_output<kExp + kDivide + 1 + kLog, Kind::softmax>},
    {"aten::logical_and", per_output<1>},
    {"aten::logical_not", per_output<1>},
    {"aten::logical_or", per_output<1>},
    {"aten::logical_xor", per_output<1>},
    {"aten::lstm", recurrent_layers<kLstmState>},
    {"aten::lstm_cell", cell<work::lstm_cell, kLstmCell>},
    {"aten::lt", per_output<1>},
    {"aten::matmul", product<1, kNothing, 2>},
    {"aten::max_pool1d", pool},
    {"aten::max_pool2d", pool},
    {"aten::max_pool3d", pool},
    {"aten::maximum", per_output<1>},
    {"aten::mean", per_input<1>},
    {"aten::minimum", per_output<1>},
    {"aten::mm", product<1, kNothing, 2>},
    {"aten::mul", per_output<1>},
    {"aten::neg", per_output<1>},
    {"aten::nonzero", nonzero},
    {"aten::pow", per_output<kExp>},
    {"aten::prelu", per_output<2, Kind::activation>},
    {"aten::prod", per_input<1>},
    {"aten::reciprocal", per_output<kDivide>},
    {"aten::relu", per_output<1, Kind::activation>},
    {"aten::relu6", per_output<2, Kind::activation>},
    {"aten::remainder", per_output<1>},
    {"aten::rms_norm", rms_norm},
    {"aten::rnn_relu_cell", cell<work::rnn_cell, 2>},
    {"aten::rnn_tanh_cell", cell<work::rnn_cell, 2 * kTanh + 1>},
    {"aten::round", per_output<1>},
    {"aten::rsqrt", per_output<kRoot + kDivide>},
    {"aten::rsub", per_output<1>},
    {"aten::scaled_dot_product_attention", attention},
    {"aten::sigmoid", per_output<kExp, Kind::activation>},
    {"aten::sign", per_output<1>},
    {"aten::silu", per_output<kExp + 1, Kind::activation>},
    {"aten::sin", per_output<kSine>},
    {"aten::softmax", per_output<kExp + kDivide, Kind::softmax>},
    {"aten::softplus", softplus},
    {"aten::sqrt", per_output<kRoot>},
    {"aten::sub", per_output<1>},
    {"aten::sum", per_input<1>},
    {"aten::tanh", per_output<2 * kTanh, Kind::activation>},
    {"aten::upsample_bicubic2d", per_output<8, Kind::resize>},
    {"aten::upsample_bilinear2d", per_output<4, Kind::resize>},
    {"aten::upsample_linear1d", per_output<4, Kind::resize>},
    {"aten::upsample_trilinear3d", per_output<4, Kind::resize>},
    {"onnx::activation", per_output<1, Kind::activation>},
    {"onnx::add_bias", per_output<1, Kind::bias>},
    {"onnx::folded", folded},
    {"onnx::gemm", gemm},
    {"onnx::norm", norm},
    {"onnx::rnn", recurrent},
    {"quantized_decomposed::dequantize_per_tensor", per_output<2>},
    {"quantized_decomposed::quantize_per_tensor", per_output<2>},
};

}  // namespace

constinit const Convention kOnnxTool = {
    .name = "onnx-tool",
    .doc =
        "what onnx_tool.model_profile prints for an exported graph: one MAC per addition, comparison or product of "
        "elements; divisions, roots and exponentials as many as a CPU needs; as parameters all that nodes read, also "
        "constants",
    .op_rules = kOperators,
    .params = {.instead = &onnx_tool::kParams},
    .tool = {.version = "onnx-tool 1.0.1, files of torch 2.13.0",
             .source = "https://github.com/ThanatosShinji/onnx-tool",
             .gaps = "parameters that only Gather, Concat, Pad and Slice read, such as embeddings, are left out; the "
                     "tool reads what torch's exporter has optimized, so give that file here, too; each operator of a "
                     "live model is priced as it would be exported, but the constants that the exporter adds "
                     "(parameters to the tool), masks, indexing and RNN layers are not known before the export; after "
                     "a norm along an axis the tool goes on with one element, and thoplw does not"},
};

}  // namespace thoplw::tools
