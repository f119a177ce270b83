// What a call of each torch.nn class costs in the default convention, to the documented integers.
#include "conventions/class_formulas.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operators/work/formulas.h"

namespace thoplw::class_cost {
namespace {

/// The products that it did, and a bias of that count.
Work products_and_bias(const CallView& call, Count bias) {
  Work cost;
  cost[Kind::contraction] = call.own[Kind::contraction];
  cost[Kind::attention] = call.own[Kind::attention];
  cost[Kind::bias] = bias;
  return cost;
}

Count batch(const Tensor& x, std::size_t spatial) { return x.shape.size() == spatial + 2 ? x.shape.front() : 1; }

/// A bias once per position. `own` lacks it if the bias was added by an operator of its own.
Count bias_per_position(const CallView& call) {
  if (call.own.products() == 0) return 0;
  const Tensor* bias = call.param("bias");
  return bias ? work::leading(call.in()) * numel(*bias) : call.own[Kind::bias];
}

/// Multiply-adds per output element of each way to interpolate. The first name that is part of the operator's counts.
struct Resize {
  std::string_view mode;
  int per_output;
};
constexpr Resize kResizes[] = {{"bicubic", 20}, {"trilinear", 14}, {"bilinear", 6}, {"linear", 4}, {"nearest", 0}};

}  // namespace

Work linear(const CallView& call) { return products_and_bias(call, bias_per_position(call)); }

template <std::size_t Spatial>
Work convolution(const CallView& call) {
  if (call.own.products() == 0) return {};
  Count added = 0;
  if (const Tensor* bias = call.param("bias")) {
    added = batch(call.in(), Spatial) * numel(*bias);
  } else if (call.own[Kind::bias] != 0) {
    added = batch(call.out(), Spatial) * work::size_from_end(call.out(), Spatial + 1);
  }
  return products_and_bias(call, added);
}

template <int PerElement>
Work norm(const CallView& call) {
  return only(Kind::norm, numel(call.in()) * PerElement);
}

Work softmax(const CallView& call) { return only(Kind::softmax, numel(call.in())); }

template <int Spatial>
Work average_pool(const CallView& call) {
  return only(Kind::pool, numel(call.out()) * Spatial);
}

Work prelu(const CallView& call) {
  const Tensor* weight = call.param("weight");
  const Tensor& x = call.in();
  return only(Kind::activation, weight ? (x.shape.empty() ? Count(1) : Count(x.shape.front())) * numel(*weight) : 0);
}

Work upsample(const CallView& call) {
  Count cost = 0;
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    if (name.find("upsample") == std::string_view::npos) continue;
    const auto* mode = std::find_if(std::begin(kResizes), std::end(kResizes), [&](const Resize& resize) {
      return name.find(resize.mode) != std::string_view::npos;
    });
    if (mode == std::end(kResizes)) throw Error("there is no price for the mode of " + std::string(name));
    cost += numel(op.out()) * mode->per_output;
  }
  return only(Kind::resize, cost);
}

Work recurrent(const CallView& call) {
  if (call.own.products() == 0) return {};
  const Count steps = work::leading(call.in());
  Count added = 0;
  for (const Param* param : call.params) {
    if (param->name.starts_with("bias")) added += steps * numel(*call.param(param->name));
  }
  return products_and_bias(call, added);
}

// The projections of queries, keys, values and results are linear layers. One that is not fused may add its bias in an
// operator of its own, so the biases are taken from the parameters.
Work multihead_attention(const CallView& call) {
  const Tensor* bias = call.param("in_proj_bias");
  if (call.own.products() == 0 || !bias || call.call.in.size() < 3) {
    return products_and_bias(call, call.own[Kind::bias]);
  }
  const Count positions = work::leading(call.in(0)) * 2 + work::leading(call.in(1)) + work::leading(call.in(2));
  return products_and_bias(call, positions * work::size_from_end(call.in(0), 1));
}

Work encoder_layer(const CallView& call) {
  Work cost = products_and_bias(call, call.own[Kind::bias]);
  cost[Kind::norm] = call.own[Kind::norm] * 2;
  return cost;
}

template Work convolution<1>(const CallView&);
template Work convolution<2>(const CallView&);
template Work convolution<3>(const CallView&);
template Work average_pool<1>(const CallView&);
template Work average_pool<2>(const CallView&);
template Work average_pool<3>(const CallView&);
template Work norm<2>(const CallView&);
template Work norm<4>(const CallView&);

namespace {

struct InWords {
  Work (*formula)(const CallView&);
  std::string_view counts;
};

constexpr auto kInWords = std::to_array<InWords>({
    {linear, "positions x (in x out + bias elements)"},
    {convolution<1>, "batch x (weight elements x positions + bias elements)"},
    {convolution<2>, "batch x (weight elements x positions + bias elements)"},
    {convolution<3>, "batch x (weight elements x positions + bias elements)"},
    {softmax, "input elements"},
    {norm<2>, "2 x input elements"},
    {norm<4>, "4 x input elements"},
    {average_pool<1>, "output elements"},
    {average_pool<2>, "2 x output elements"},
    {average_pool<3>, "3 x output elements"},
    {prelu, "batch x weight elements"},
    {upsample, "output elements x (nearest 0, linear 4, bilinear 6, trilinear 14, bicubic 20)"},
    {recurrent, "each gate of each step and direction as a linear layer"},
    {multihead_attention, "projections as linear layers, and both attention products"},
    {encoder_layer, "if it ran as one operator, what the modules in it cost; otherwise 0"},
});

}  // namespace

std::string_view in_words(Work (*formula)(const CallView&)) {
  const auto row = std::ranges::find(kInWords, formula, &InWords::formula);
  return row == kInWords.end() ? "" : row->counts;
}

}  // namespace thoplw::class_cost
