// thoplw, the default: rules per module class, to the documented integers, and products elsewhere.
#include <algorithm>
#include <array>

#include "conventions/class_formulas.h"
#include "conventions/own/own.h"

namespace thoplw::own {
namespace {

constexpr auto kClassRules = std::to_array<ClassRule>({
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
static_assert(std::adjacent_find(kClassRules.begin(), kClassRules.end(), classes_out_of_order) == kClassRules.end(),
              "kClassRules is sorted by class and has no class twice");

constexpr const ParamTest* kParams[] = {&param_tests::kOnlyUsed};

}  // namespace

constinit const Convention kThoplw = {
    .name = "thoplw",
    .doc = "the documented default: rules per module class, products elsewhere; parameters of what ran",
    .prices = {{Kind::contraction, 1}, {Kind::attention, 1}},
    .class_rules = kClassRules,
    .params = {.only = kParams, .norm_statistics = true},
};

}  // namespace thoplw::own
