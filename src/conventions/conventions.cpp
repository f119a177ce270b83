// The conventions, one row each, sorted by name, and the class rules of the default. Those of other tools: tools/.
#include <algorithm>
#include <array>

#include "base/suggest.h"
#include "conventions/class_formulas.h"
#include "conventions/convention.h"
#include "conventions/tools/tools.h"

namespace thoplw {
namespace {

constexpr std::array<std::uint8_t, kKinds> products_only(std::uint8_t each) { return {each, each}; }

constexpr auto kThoplwClassRules = std::to_array<ClassRule>({
    {"torch.nn.AdaptiveAvgPool1d", class_cost::average_pool<1>},
    {"torch.nn.AdaptiveAvgPool2d", class_cost::average_pool<2>},
    {"torch.nn.AdaptiveAvgPool3d", class_cost::average_pool<3>},
    {"torch.nn.AvgPool1d", class_cost::average_pool<1>},
    {"torch.nn.AvgPool2d", class_cost::average_pool<2>},
    {"torch.nn.AvgPool3d", class_cost::average_pool<3>},
    {"torch.nn.BatchNorm1d", class_cost::norm<4>},
    {"torch.nn.BatchNorm2d", class_cost::norm<4>},
    {"torch.nn.BatchNorm3d", class_cost::norm<4>},
    {"torch.nn.Bilinear", class_cost::linear},
    {"torch.nn.Conv1d", class_cost::convolution<1>},
    {"torch.nn.Conv2d", class_cost::convolution<2>},
    {"torch.nn.Conv3d", class_cost::convolution<3>},
    {"torch.nn.ConvTranspose1d", class_cost::convolution<1>},
    {"torch.nn.ConvTranspose2d", class_cost::convolution<2>},
    {"torch.nn.ConvTranspose3d", class_cost::convolution<3>},
    {"torch.nn.GRU", class_cost::recurrent},
    {"torch.nn.GRUCell", class_cost::recurrent},
    {"torch.nn.GroupNorm", class_cost::norm<2>},
    {"torch.nn.InstanceNorm1d", class_cost::norm<2>},
    {"torch.nn.InstanceNorm2d", class_cost::norm<2>},
    {"torch.nn.InstanceNorm3d", class_cost::norm<2>},
    {"torch.nn.LSTM", class_cost::recurrent},
    {"torch.nn.LSTMCell", class_cost::recurrent},
    {"torch.nn.LayerNorm", class_cost::norm<2>},
    {"torch.nn.Linear", class_cost::linear},
    {"torch.nn.LogSoftmax", class_cost::softmax},
    {"torch.nn.MultiheadAttention", class_cost::multihead_attention},
    {"torch.nn.PReLU", class_cost::prelu},
    {"torch.nn.RMSNorm", class_cost::norm<2>},
    {"torch.nn.RNN", class_cost::recurrent},
    {"torch.nn.RNNCell", class_cost::recurrent},
    {"torch.nn.Softmax", class_cost::softmax},
    {"torch.nn.Softmax2d", class_cost::softmax},
    {"torch.nn.SyncBatchNorm", class_cost::norm<4>},
    {"torch.nn.TransformerEncoderLayer", class_cost::encoder_layer},
    {"torch.nn.Upsample", class_cost::upsample},
});
constexpr bool classes_out_of_order(const ClassRule& a, const ClassRule& b) { return a.cls >= b.cls; }
static_assert(std::adjacent_find(kThoplwClassRules.begin(), kThoplwClassRules.end(), classes_out_of_order) ==
                  kThoplwClassRules.end(),
              "kThoplwClassRules is sorted by class and has no class twice");

constexpr Convention kExact = {
    .name = "exact",
    .doc = "multiply-adds of products and nothing else; every parameter once, run or not",
    .price = products_only(1),
};

constexpr Convention kFlops = {
    .name = "flops",
    .doc =
        "every arithmetic operation: two per multiply-add, one per element of elementwise work, pooling and sums, "
        "five per element of a softmax or a resize, four of a norm; every parameter once, run or not",
    .unit = Unit::flop,
    .price = {2, 2, 1, 4, 1, 5, 1, 5, 1, 1},
};

constexpr Convention kThoplw = {
    .name = "thoplw",
    .doc = "the documented default: rules per module class, products elsewhere; parameters of what ran",
    .price = products_only(1),
    .class_rules = kThoplwClassRules,
    .params = {.only_used = true, .norm_statistics = true},
};

constexpr const Convention* kConventions[] = {
    &tools::kCalflops,
    &tools::kDeepspeed,
    &kExact,
    &kFlops,
    &tools::kFvcore,
    &tools::kKeras,
    &tools::kMmengine,
    &tools::kOnnxTool,
    &tools::kPtflops,
    &tools::kPtflopsAten,
    &tools::kThop,
    &kThoplw,
    &tools::kTorch,
    &tools::kTorchinfo,
    &tools::kTorchprofile,
    &tools::kTorchstat,
    &tools::kUltralyticsThop,
};

}  // namespace

std::span<const Convention* const> conventions() { return kConventions; }

const Convention& find_convention(std::string_view name) {
  std::vector<std::string_view> known;
  for (const Convention* convention : kConventions) {
    if (convention->name == name) return *convention;
    known.push_back(convention->name);
  }
  throw Error(did_you_mean("convention", name, known));
}

}  // namespace thoplw
