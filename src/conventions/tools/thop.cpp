// thop: what it hooks onto modules, by their exact class.
#include <algorithm>
#include <string_view>

#include "conventions/tools/thop_hooks.h"

namespace thoplw::tools {
namespace {

using namespace thop_hooks;

/// Output elements x channels in / groups x kernel, the output of transposed ones too. thop reads the channels from the
/// second size of the input, whatever that is without a batch.
template <bool Transposed>
Work convolution(const CallView& call) {
  const Tensor* weight = call.param_or_input("weight", 1);
  if (!weight || weight->shape.size() < 2 || call.in().shape.size() < 2) return {};
  const std::size_t spatial = weight->shape.size() - 2;
  const Count channels = work::size_from_end(Transposed ? call.out() : call.in(), spatial + 1);
  const Count groups = divided(channels, weight->shape[1]);
  Count kernel = 1;
  for (std::size_t i = 2; i < weight->shape.size(); ++i) kernel *= weight->shape[i];
  return only(Kind::contraction, numel(call.out()) * divided(call.in().shape[1], groups) * kernel);
}

/// An exponential and a division per element, an addition per element but one.
Work softmax(const CallView& call) {
  if (call.ops.empty()) return {};
  const Tensor& x = call.in();
  std::int64_t dim = work::attr_as<std::int64_t>(call.ops.front(), "dim");
  if (dim < 0) dim += static_cast<std::int64_t>(x.shape.size());
  const std::int64_t features = x.shape.at(static_cast<std::size_t>(dim));
  if (features == 0) return {};
  return only(Kind::softmax, numel(x) * 3 - numel(x).value() / static_cast<std::uint64_t>(features));
}

Work average_pool(const CallView& call) { return only(Kind::pool, numel(call.out())); }

/// A kernel's elements, which may be a fraction, and a division.
Work adaptive_average_pool(const CallView& call) {
  if (numel(call.out()) == 0) return {};
  double kernel = 1;
  for (std::size_t i = 2; i < call.in().shape.size(); ++i) {
    kernel *= static_cast<double>(call.in().shape[i]) / static_cast<double>(call.out().shape.at(i));
  }
  return only(Kind::pool, whole((kernel + 1) * static_cast<double>(numel(call.out()).value())));
}

struct Mode {
  std::string_view name;
  int per_output;
};
constexpr Mode kModes[] = {{"bicubic", 259}, {"trilinear", 0}, {"bilinear", 11}, {"linear", 5}, {"nearest", 1}};

Work upsample(const CallView& call) {
  for (const OpView& op : call.ops) {
    const std::string_view name = op.trace.op_name(op.op);
    const auto* mode = std::ranges::find_if(kModes, [&](const Mode& m) { return name.find(m.name) != name.npos; });
    if (name.find("upsample") == name.npos || mode == std::end(kModes)) continue;
    const bool exact = name.find("exact") != name.npos;
    return only(Kind::resize, numel(call.out()) * (exact ? 0 : mode->per_output));
  }
  return {};
}

Count cell(const Cell& kind, Count in, Count hidden, bool bias) {
  return (hidden * (in + hidden) + hidden + (bias ? hidden * 2 : Count(0))) * kind.gates + hidden * kind.products;
}

/// One step of one sample through all layers. Layers above the first read what all directions made.
Count step(const CallView& call, const Cell& kind) {
  const Tensor* first = call.param("weight_ih_l0");
  if (!first) return 0;
  const Count hidden = divided(size_at(*first, 0), kind.gates);
  const std::uint64_t directions = call.param("weight_ih_l0_reverse") ? 2 : 1;
  const bool bias = call.param("bias_ih_l0") != nullptr;
  Count sum = cell(kind, size_at(*first, 1), hidden, bias) * directions;
  for (int layer = 1; call.param("weight_ih_l" + std::to_string(layer)); ++layer) {
    sum += cell(kind, hidden * directions, hidden, bias) * directions;
  }
  return sum;
}

const Cell& kind_of(const CallView& call) {
  const std::string_view cls = call.trace.class_of(call.call.module).name;
  return cls.find("LSTM") != cls.npos ? kLstm : cls.find("GRU") != cls.npos ? kGru : kRnn;
}

/// Steps and samples are the first two sizes, or of a packed sequence its steps and the most samples of one.
Work recurrent(const CallView& call) {
  const Tensor& x = call.in();
  const bool packed = call.call.in.size() > 1 && is_integral(call.in(1).dtype);
  if (packed && call.ops.empty()) return {};
  Count positions = Count(x.shape.at(0)) * x.shape.at(1);
  if (packed) {
    const Count states = work::size_from_end(call.ops.back().in(2), 2);
    positions = Count(call.in(1).shape.at(0)) * states;
  }
  return only(Kind::contraction, step(call, kind_of(call)) * positions);
}

Work recurrent_cell(const CallView& call) {
  const Tensor* weight = call.param("weight_ih");
  if (!weight) return {};
  const Cell& kind = kind_of(call);
  const Count hidden = divided(size_at(*weight, 0), kind.gates);
  const Count once = cell(kind, size_at(*weight, 1), hidden, call.param("bias_ih") != nullptr);
  return only(Kind::contraction, once * call.in().shape.at(0));
}

constexpr ClassRule kClasses[] = {
    {"torch.nn.AdaptiveAvgPool1d", adaptive_average_pool},
    {"torch.nn.AdaptiveAvgPool2d", adaptive_average_pool},
    {"torch.nn.AdaptiveAvgPool3d", adaptive_average_pool},
    {"torch.nn.AvgPool1d", average_pool},
    {"torch.nn.AvgPool2d", average_pool},
    {"torch.nn.AvgPool3d", average_pool},
    {"torch.nn.BatchNorm1d", norm},
    {"torch.nn.BatchNorm2d", norm},
    {"torch.nn.BatchNorm3d", norm},
    {"torch.nn.Conv1d", convolution<false>},
    {"torch.nn.Conv2d", convolution<false>},
    {"torch.nn.Conv3d", convolution<false>},
    {"torch.nn.ConvTranspose1d", convolution<true>},
    {"torch.nn.ConvTranspose2d", convolution<true>},
    {"torch.nn.ConvTranspose3d", convolution<true>},
    {"torch.nn.GRU", recurrent},
    {"torch.nn.GRUCell", recurrent_cell},
    {"torch.nn.InstanceNorm1d", norm},
    {"torch.nn.InstanceNorm2d", norm},
    {"torch.nn.InstanceNorm3d", norm},
    {"torch.nn.LSTM", recurrent},
    {"torch.nn.LSTMCell", recurrent_cell},
    {"torch.nn.LayerNorm", norm},
    {"torch.nn.Linear", linear},
    {"torch.nn.PReLU", prelu},
    {"torch.nn.RNN", recurrent},
    {"torch.nn.RNNCell", recurrent_cell},
    {"torch.nn.Softmax", softmax},
    {"torch.nn.SyncBatchNorm", norm},
    {"torch.nn.Upsample", upsample},
    {"torch.nn.UpsamplingBilinear2d", upsample},
    {"torch.nn.UpsamplingNearest2d", upsample},
};

/// It is hooked in each place, so adds that often, and counts in each.
Count hooked(Count places) { return places * places; }

constexpr const ParamTest* kParams[] = {&param_tests::kOnlyClasses};

}  // namespace

constinit const Convention kThop = {
    .name = "thop",
    .doc =
        "what thop prints: modules of exactly the classes that it knows, and nothing else; the parameters of these "
        "modules",
    .class_rules = kClasses,
    .subclasses = false,
    .in_places = hooked,
    .params = {.only = kParams, .in_places = in_each},
    .tool = {.version = "thop 0.1.1.post2209072238",
             .source = "https://github.com/Lyken17/pytorch-OpCounter",
             .gaps = "no functional calls, so most attention is left out; no biases; transposed convolutions at their "
                     "output size; parameters only of the classes that it knows"},
};

}  // namespace thoplw::tools
