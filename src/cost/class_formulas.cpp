// What a call of each torch.nn class costs in the default convention, to the documented integers.
#include "cost/class_formulas.h"

#include <algorithm>
#include <string_view>

#include "cost/formulas.h"

namespace thoplw::class_cost {
namespace {

Count batch(const Tensor& x, std::size_t spatial) { return x.shape.size() == spatial + 2 ? x.shape.front() : 1; }

/// A bias once per position. `own` does not tell it where the bias came as an addition of its own.
Count bias_per_position(const CallView& call) {
  if (call.own[Kind::contraction] == 0) return 0;
  const Tensor* bias = call.param("bias");
  return bias ? work::leading(call.in()) * numel(*bias) : call.own[Kind::bias];
}

/// Multiply-adds per output element of each way to interpolate. The first name that fits counts.
struct Resize {
  std::string_view mode;
  int per_output;
};
constexpr Resize kResizes[] = {{"bicubic", 20}, {"trilinear", 14}, {"bilinear", 6}, {"linear", 4}, {"nearest", 0}};

}  // namespace

Count linear(const CallView& call) { return call.own[Kind::contraction] + bias_per_position(call); }

template <std::size_t Spatial>
Count convolution(const CallView& call) {
  Count cost = call.own[Kind::contraction];
  if (cost == 0) return cost;
  if (const Tensor* bias = call.param("bias")) {
    cost += batch(call.in(), Spatial) * numel(*bias);
  } else if (call.own[Kind::bias] != 0) {
    cost += batch(call.out(), Spatial) * work::size_from_end(call.out(), Spatial + 1);
  }
  return cost;
}

template <int PerElement>
Count per_input(const CallView& call) {
  return numel(call.in()) * PerElement;
}

template <int Spatial>
Count average_pool(const CallView& call) {
  return numel(call.out()) * Spatial;
}

Count prelu(const CallView& call) {
  const Tensor* weight = call.param("weight");
  const Tensor& x = call.in();
  return weight ? (x.shape.empty() ? Count(1) : Count(x.shape.front())) * numel(*weight) : 0;
}

Count upsample(const CallView& call) {
  Count cost = 0;
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    if (name.find("upsample") == std::string_view::npos) continue;
    const auto* mode = std::find_if(std::begin(kResizes), std::end(kResizes), [&](const Resize& resize) {
      return name.find(resize.mode) != std::string_view::npos;
    });
    if (mode == std::end(kResizes)) throw Error("no price for the mode of " + std::string(name));
    cost += numel(op.out()) * mode->per_output;
  }
  return cost;
}

Count recurrent(const CallView& call) {
  Count cost = call.own[Kind::contraction];
  if (cost == 0) return cost;
  const Count steps = work::leading(call.in());
  for (const Param* param : call.params) {
    if (param->name.starts_with("bias")) cost += steps * numel(*call.param(param->name));
  }
  return cost;
}

// The projections of queries, keys, values and results are linear layers. One that is not fused may add its bias in an
// operator of its own, so the biases are taken from the parameters.
Count multihead_attention(const CallView& call) {
  const Count cost = call.own[Kind::contraction];
  const Tensor* bias = call.param("in_proj_bias");
  if (cost == 0 || !bias || call.call.in.size() < 3) return cost + call.own[Kind::bias];
  const Count positions = work::leading(call.in(0)) * 2 + work::leading(call.in(1)) + work::leading(call.in(2));
  return cost + positions * work::size_from_end(call.in(0), 1);
}

Count encoder_layer(const CallView& call) {
  return call.own[Kind::contraction] + call.own[Kind::bias] + call.own[Kind::norm] * 2;
}

template Count convolution<1>(const CallView&);
template Count convolution<2>(const CallView&);
template Count convolution<3>(const CallView&);
template Count average_pool<1>(const CallView&);
template Count average_pool<2>(const CallView&);
template Count average_pool<3>(const CallView&);
template Count per_input<1>(const CallView&);
template Count per_input<2>(const CallView&);
template Count per_input<4>(const CallView&);

}  // namespace thoplw::class_cost
