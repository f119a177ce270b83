// The conventions, one row each, and the class rules that they price modules by; sorted by name.
#include <algorithm>
#include <array>

#include "cost/class_formulas.h"
#include "cost/convention.h"
#include "trace/suggest.h"

namespace thoplw {
namespace {

constexpr std::array<std::uint8_t, kKinds> contractions_only() {
  std::array<std::uint8_t, kKinds> price{};
  price[static_cast<std::size_t>(Kind::contraction)] = 1;
  return price;
}

constexpr auto kThoplwClassRules = std::to_array<ClassRule>({
    {"torch.nn.AdaptiveAvgPool1d", class_cost::average_pool<1>},
    {"torch.nn.AdaptiveAvgPool2d", class_cost::average_pool<2>},
    {"torch.nn.AdaptiveAvgPool3d", class_cost::average_pool<3>},
    {"torch.nn.AvgPool1d", class_cost::average_pool<1>},
    {"torch.nn.AvgPool2d", class_cost::average_pool<2>},
    {"torch.nn.AvgPool3d", class_cost::average_pool<3>},
    {"torch.nn.BatchNorm1d", class_cost::per_input<4>},
    {"torch.nn.BatchNorm2d", class_cost::per_input<4>},
    {"torch.nn.BatchNorm3d", class_cost::per_input<4>},
    {"torch.nn.Bilinear", class_cost::linear},
    {"torch.nn.Conv1d", class_cost::convolution<1>},
    {"torch.nn.Conv2d", class_cost::convolution<2>},
    {"torch.nn.Conv3d", class_cost::convolution<3>},
    {"torch.nn.ConvTranspose1d", class_cost::convolution<1>},
    {"torch.nn.ConvTranspose2d", class_cost::convolution<2>},
    {"torch.nn.ConvTranspose3d", class_cost::convolution<3>},
    {"torch.nn.GRU", class_cost::recurrent},
    {"torch.nn.GRUCell", class_cost::recurrent},
    {"torch.nn.GroupNorm", class_cost::per_input<2>},
    {"torch.nn.InstanceNorm1d", class_cost::per_input<2>},
    {"torch.nn.InstanceNorm2d", class_cost::per_input<2>},
    {"torch.nn.InstanceNorm3d", class_cost::per_input<2>},
    {"torch.nn.LSTM", class_cost::recurrent},
    {"torch.nn.LSTMCell", class_cost::recurrent},
    {"torch.nn.LayerNorm", class_cost::per_input<2>},
    {"torch.nn.Linear", class_cost::linear},
    {"torch.nn.LogSoftmax", class_cost::per_input<1>},
    {"torch.nn.MultiheadAttention", class_cost::multihead_attention},
    {"torch.nn.PReLU", class_cost::prelu},
    {"torch.nn.RMSNorm", class_cost::per_input<2>},
    {"torch.nn.RNN", class_cost::recurrent},
    {"torch.nn.RNNCell", class_cost::recurrent},
    {"torch.nn.Softmax", class_cost::per_input<1>},
    {"torch.nn.Softmax2d", class_cost::per_input<1>},
    {"torch.nn.SyncBatchNorm", class_cost::per_input<4>},
    {"torch.nn.TransformerEncoderLayer", class_cost::encoder_layer},
    {"torch.nn.Upsample", class_cost::upsample},
});
constexpr bool classes_out_of_order(const ClassRule& a, const ClassRule& b) { return a.cls >= b.cls; }
static_assert(std::adjacent_find(kThoplwClassRules.begin(), kThoplwClassRules.end(), classes_out_of_order) ==
                  kThoplwClassRules.end(),
              "kThoplwClassRules is sorted by class and has no class twice");

constexpr std::array kConventions = {
    Convention{
        .name = "exact",
        .doc = "multiply-adds of contractions and nothing else; every parameter once, run or not",
        .unit = Unit::mac,
        .price = contractions_only(),
        .class_rules = {},
        .params = {},
    },
    Convention{
        .name = "thoplw",
        .doc = "the documented default: rules per module class, contractions elsewhere; parameters of what ran",
        .unit = Unit::mac,
        .price = contractions_only(),
        .class_rules = kThoplwClassRules,
        .params = {.only_used = true, .norm_statistics = true},
    },
};

constexpr bool out_of_order(const Convention& a, const Convention& b) { return a.name >= b.name; }
static_assert(std::adjacent_find(kConventions.begin(), kConventions.end(), out_of_order) == kConventions.end(),
              "kConventions is sorted by name and has no name twice");

}  // namespace

std::span<const Convention> conventions() { return kConventions; }

const Convention& find_convention(std::string_view name) {
  const auto row = std::find_if(kConventions.begin(), kConventions.end(),
                                [&](const Convention& convention) { return convention.name == name; });
  if (row != kConventions.end()) return *row;
  std::array<std::string_view, kConventions.size()> known;
  std::transform(kConventions.begin(), kConventions.end(), known.begin(), [](const Convention& c) { return c.name; });
  throw Error(did_you_mean("convention", name, known));
}

}  // namespace thoplw
