// ultralytics-thop: hooks onto modules by their class or the nearest base, and products that run outside of those.
#include <algorithm>
#include <numeric>
#include <string>
#include <string_view>

#include "conventions/tools/kernel.h"
#include "conventions/tools/subscripts.h"
#include "conventions/tools/thop_hooks.h"

namespace thoplw::tools {
namespace {

using namespace thop_hooks;

/// Positions x the weight's elements per channel: those of the output, or of the input of a transposed one.
template <bool Transposed>
Work convolution(const CallView& call) {
  const Tensor* weight = call.param_or_input("weight", 1);
  if (!weight) return {};
  Count each = 1;
  for (std::size_t i = 1; i < weight->shape.size(); ++i) each *= weight->shape[i];
  return only(Kind::contraction, numel(Transposed ? call.in() : call.out()) * each);
}

/// A row of the weight by the second input for each element of the first, and once more by that one.
Work bilinear(const CallView& call) {
  const Count each = (work::size_from_end(call.in(), 1) + 1) * work::size_from_end(call.in(1), 1);
  return only(Kind::contraction, numel(call.out()) * each);
}

/// Of so many rows: an exponential and a division per element, an addition per element but one.
Count softmax_of(Count rows, Count features) { return features == 0 ? Count(0) : rows * (features * 3 - 1); }

enum class Besides : std::uint8_t { nothing, logarithm, negation };

template <Besides More = Besides::nothing>
Work softmax(const CallView& call) {
  const Tensor& x = call.in();
  const auto op = std::ranges::find_if(call.ops, [](const OpView& o) { return o.attr("dim") != nullptr; });
  if (op == call.ops.end() || numel(x) == 0) return {};
  std::int64_t dim = work::attr_as<std::int64_t>(*op, "dim");
  if (dim < 0) dim += static_cast<std::int64_t>(x.shape.size());
  const Count features = x.shape.empty() ? Count(1) : Count(x.shape.at(static_cast<std::size_t>(dim)));
  const Count rows = numel(x).value() / features.value();
  Count cost = softmax_of(rows, features);
  if (More == Besides::logarithm) cost += rows;
  if (More == Besides::negation) cost += numel(x);
  return only(Kind::softmax, cost);
}

/// What lies in the windows along one dimension: their elements, padding among them where it counts.
Count in_windows(const OpView& op, std::size_t dims, std::size_t i) {
  const std::int64_t size = static_cast<std::int64_t>(work::size_from_end(op.in(0), dims - i).value());
  const std::int64_t outputs = static_cast<std::int64_t>(work::size_from_end(op.out(), dims - i).value());
  const std::int64_t kernel = number_at(op, "kernel_size", i, 1);
  const std::int64_t stride = number_at(op, "stride", i, kernel);
  const std::int64_t padding = number_at(op, "padding", i, 0);
  const AttrValue* include = op.attr("count_include_pad");
  const bool padded = !include || !std::get_if<bool>(include) || std::get<bool>(*include);
  const std::int64_t lower = padded ? -padding : 0, upper = padded ? size + padding : size;
  Count sum = 0;
  for (std::int64_t start = -padding, o = 0; o < outputs; ++o, start += stride) {
    sum += std::max<std::int64_t>(std::min(start + kernel, upper) - std::max(start, lower), 0);
  }
  return sum;
}

/// An addition for each element of each window, a division for each window.
template <std::size_t Dims>
Work average_pool(const CallView& call) {
  const auto op = std::ranges::find_if(call.ops, [](const OpView& o) { return o.attr("kernel_size") != nullptr; });
  if (op == call.ops.end()) return {};
  Count additions = work::leading(op->in(0), Dims);
  for (std::size_t i = 0; i < Dims; ++i) additions *= in_windows(*op, Dims, i);
  return only(Kind::pool, additions + numel(call.out()));
}

/// The same; the windows along one dimension overlap where the sizes do not divide.
Work adaptive_average_pool(const CallView& call) {
  Count additions = 1;
  for (std::size_t d = 0; d < call.out().shape.size(); ++d) {
    const std::int64_t in = call.in().shape.at(d), out = call.out().shape[d];
    additions *= Count(in) + out - std::gcd(in, out);  // the sum of ceil((o + 1) in / out) - floor(o in / out)
  }
  return only(Kind::pool, additions + numel(call.out()));
}

struct Mode {
  std::string_view name;
  int per_output;
};
constexpr Mode kModes[] = {{"bicubic", 259}, {"bilinear", 11}, {"trilinear", 31}, {"linear", 5}};

Work upsample(const CallView& call) {
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    if (name.find("upsample") == name.npos) continue;
    const auto* mode = std::ranges::find_if(kModes, [&](const Mode& m) { return name.find(m.name) != name.npos; });
    return only(Kind::resize, mode == std::end(kModes) ? Count(0) : numel(call.out()) * mode->per_output);
  }
  return {};
}

/// Projections, both products and the softmax. Queries and attended keys are read from the operator that compares them.
Work multihead_attention(const CallView& call) {
  const Count embed = work::size_from_end(call.out(), 1), queries = work::leading(call.out());
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    const bool fused = name == "aten::scaled_dot_product_attention";
    if (!fused && name != "aten::softmax") continue;
    const Count attended = work::size_from_end(op.in(fused ? 1 : 0), fused ? 2 : 1);
    Work cost = only(Kind::contraction, (queries * embed * 2 + numel(call.in(1)) + numel(call.in(2))) * embed);
    cost[Kind::attention] = queries * attended * embed * 2;
    cost[Kind::softmax] = softmax_of(work::leading(op.in(0)), attended);  // of samples x heads x queries
    return cost;
  }
  return {};
}

/// What a cell reads of the past has the size of its projection, where it has one.
struct Sizes {
  Count in, hidden, projected;
  bool bias, projects;
};

Count once(const Cell& kind, const Sizes& sizes) {
  const Count gate = (sizes.in + sizes.projected) * sizes.hidden + sizes.hidden * (sizes.bias ? 3 : 1);
  return gate * kind.gates + sizes.hidden * kind.products +
         (sizes.projects ? sizes.hidden * sizes.projected : Count(0));
}

/// Layers and directions of which a weight is there; packed sequences and single ones have two dimensions.
template <const Cell& Kind_>
Work recurrent(const CallView& call) {
  Count sum = 0;
  for (int layer = 0; call.param("weight_ih_l" + std::to_string(layer)); ++layer) {
    for (const char* direction : {"", "_reverse"}) {
      const std::string suffix = "_l" + std::to_string(layer) + direction;
      const Tensor* in = call.param("weight_ih" + suffix);
      const Tensor* past = call.param("weight_hh" + suffix);
      if (!in || !past) continue;
      const Count hidden = divided(size_at(*in, 0), Kind_.gates);
      sum += once(Kind_, {size_at(*in, 1), hidden, size_at(*past, 1), call.param("bias_ih" + suffix) != nullptr,
                          call.param("weight_hr" + suffix) != nullptr});
    }
  }
  const Dims& x = call.in().shape;
  return only(Kind::contraction, sum * x.at(0) * (x.size() == 2 ? 1 : x.at(1)));
}

template <const Cell& Kind_>
Work recurrent_cell(const CallView& call) {
  const Tensor* weight = call.param("weight_ih");
  if (!weight) return {};
  const Count hidden = divided(size_at(*weight, 0), Kind_.gates);
  const Dims& x = call.in().shape;
  const Count cost = once(Kind_, {size_at(*weight, 1), hidden, hidden, call.param("bias_ih") != nullptr, false});
  return only(Kind::contraction, cost * (x.size() == 2 ? x[0] : 1));
}

/// Output elements x the first operand's last size.
Work product(const OpView& op) { return only(Kind::contraction, numel(op.out()) * work::size_from_end(op.in(0), 1)); }

Work attention(const OpView& op) { return only(Kind::attention, work::attention(op).products()); }

/// Of two operands only. A subscript that one of them lacks is summed first, unless the result keeps it.
Work einsum(const OpView& op) {
  if (op.op.in.size() != 2) return {};
  Einsum einsum(op);
  BySubscript &a = einsum.operands[0], &b = einsum.operands[1];
  const auto is_one = [](const auto& entry) { return entry.second == 1; };
  std::erase_if(a, is_one);
  std::erase_if(b, is_one);
  Count product = 1;
  for (const auto& [key, size] : a) {
    if (b.erase(key) > 0 || einsum.equation.keeps(key)) product *= size;
  }
  for (const auto& [key, size] : b) {
    if (einsum.equation.keeps(key)) product *= size;
  }
  return only(Kind::contraction, product);
}

constexpr ClassRule kClasses[] = {
    {"torch.nn.AdaptiveAvgPool1d", adaptive_average_pool},
    {"torch.nn.AdaptiveAvgPool2d", adaptive_average_pool},
    {"torch.nn.AdaptiveAvgPool3d", adaptive_average_pool},
    {"torch.nn.AvgPool1d", average_pool<1>},
    {"torch.nn.AvgPool2d", average_pool<2>},
    {"torch.nn.AvgPool3d", average_pool<3>},
    {"torch.nn.BatchNorm1d", norm},
    {"torch.nn.BatchNorm2d", norm},
    {"torch.nn.BatchNorm3d", norm},
    {"torch.nn.Bilinear", bilinear},
    {"torch.nn.Conv1d", convolution<false>},
    {"torch.nn.Conv2d", convolution<false>},
    {"torch.nn.Conv3d", convolution<false>},
    {"torch.nn.ConvTranspose1d", convolution<true>},
    {"torch.nn.ConvTranspose2d", convolution<true>},
    {"torch.nn.ConvTranspose3d", convolution<true>},
    {"torch.nn.GRU", recurrent<kGru>},
    {"torch.nn.GRUCell", recurrent_cell<kGru>},
    {"torch.nn.GroupNorm", norm},
    {"torch.nn.InstanceNorm1d", norm},
    {"torch.nn.InstanceNorm2d", norm},
    {"torch.nn.InstanceNorm3d", norm},
    {"torch.nn.LSTM", recurrent<kLstm>},
    {"torch.nn.LSTMCell", recurrent_cell<kLstm>},
    {"torch.nn.LayerNorm", norm},
    {"torch.nn.Linear", linear},
    {"torch.nn.LogSoftmax", softmax<Besides::logarithm>},
    {"torch.nn.MultiheadAttention", multihead_attention},
    {"torch.nn.PReLU", prelu},
    {"torch.nn.RMSNorm", norm},
    {"torch.nn.RNN", recurrent<kRnn>},
    {"torch.nn.RNNCell", recurrent_cell<kRnn>},
    {"torch.nn.Softmax", softmax<>},
    {"torch.nn.Softmax2d", softmax<>},
    {"torch.nn.Softmin", softmax<Besides::negation>},
    {"torch.nn.SyncBatchNorm", norm},
    {"torch.nn.Upsample", upsample},
    {"torch.nn.UpsamplingBilinear2d", upsample},
    {"torch.nn.UpsamplingNearest2d", upsample},
};

constexpr OpRule kOperators[] = {
    {"aten::bmm", product},
    {"aten::einsum", einsum},
    {"aten::linear", product},
    {"aten::matmul", product},
    {"aten::scaled_dot_product_attention", attention},
};

}  // namespace

constinit const Convention kUltralyticsThop = {
    .name = "ultralytics-thop",
    .doc =
        "what ultralytics-thop prints: modules by class, subclasses included, and products by the functions matmul, "
        "bmm, einsum, linear and scaled_dot_product_attention; every parameter once",
    .class_rules = kClasses,
    .op_rules = kOperators,
    .tool = {.version = "ultralytics-thop 2.2.3",
             .source = "https://github.com/ultralytics/thop",
             .gaps = "nothing for functional convolutions, mm, addmm, baddbmm and einsum of more than two operands; "
                     "no biases; no activations but PReLU and softmax"},
};

}  // namespace thoplw::tools
