// Tests of the module rules of the default convention: one row per class, with its arithmetic.
#include "conventions/class_rules.h"

#include <doctest/doctest.h>

#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "count/count.h"
#include "operators/rule.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// One call of a module that is the whole model.
struct Case {
  const char* cls;
  const char* params;  ///< "weight f32[3,7]; bias f32[3]"
  const char* call;    ///< "(inputs) -> (outputs)"
  const char* ops;     ///< one per line
  std::uint64_t macs;
};

constexpr Case kCases[] = {
    // positions * (in * out + bias)
    {"Linear", "weight f32[3,7]; bias f32[3]", "(f32[2,5,7]) -> (f32[2,5,3])",
     "aten::linear(f32[2,5,7], f32[3,7], f32[3]) -> f32[2,5,3]", 10 * (7 * 3 + 3)},
    {"Linear", "weight f32[3,7]", "(f32[2,5,7]) -> (f32[2,5,3])",
     "aten::linear(f32[2,5,7], f32[3,7], none) -> f32[2,5,3]", 10 * 7 * 3},
    {"Linear", "weight f32[3,7]; bias f32[3]", "(f32[7]) -> (f32[3])",
     "aten::linear(f32[7], f32[3,7], f32[3]) -> f32[3]", 7 * 3 + 3},
    {"Linear", "weight f32[3,7]; bias f32[3]", "(f32[2,7]) -> (f32[2,3])",
     "aten::t(f32[3,7]) -> f32[7,3]\naten::addmm(f32[3], f32[2,7], f32[7,3]) -> f32[2,3]", 2 * (7 * 3 + 3)},
    {"Linear", "weight f32[3,7]; bias f32[3]", "(f32[2,5,7]) -> (f32[2,5,3])",
     "aten::matmul(f32[2,5,7], f32[7,3]) -> f32[2,5,3]\naten::add_(f32[2,5,3], f32[3]) -> f32[2,5,3]",
     10 * (7 * 3 + 3)},  // the bias arrives as an addition of its own
    {"Bilinear", "weight f32[5,3,4]; bias f32[5]", "(f32[7,3], f32[7,4]) -> (f32[7,5])",
     "aten::bilinear(f32[7,3], f32[7,4], f32[5,3,4], f32[5]) -> f32[7,5]", 7 * (5 * 3 * 4 + 5)},
    // N * (weight * output positions + bias)
    {"Conv1d", "weight f32[4,3,3]; bias f32[4]", "(f32[2,3,10]) -> (f32[2,4,8])",
     "aten::conv1d(f32[2,3,10], f32[4,3,3], f32[4]) -> f32[2,4,8]", 2 * (4 * 3 * 3 * 8 + 4)},
    {"Conv2d", "weight f32[6,2,3,3]; bias f32[6]", "(f32[2,4,5,5]) -> (f32[2,6,3,3])",
     "aten::conv2d(f32[2,4,5,5], f32[6,2,3,3], f32[6]) -> f32[2,6,3,3]", 2 * (6 * 2 * 9 * 9 + 6)},
    {"Conv2d", "weight f32[6,4,3,3]; bias f32[6]", "(f32[4,5,5]) -> (f32[6,3,3])",
     "aten::conv2d(f32[4,5,5], f32[6,4,3,3], f32[6]) -> f32[6,3,3]", 6 * 4 * 9 * 9 + 6},  // no batch: one sample
    {"Conv2d", "weight f32[64,3,7,7]", "(f32[1,3,224,224]) -> (f32[1,64,112,112])",
     "aten::convolution(f32[1,3,224,224], f32[64,3,7,7], none) -> f32[1,64,112,112] {transposed=false}",
     118013952},  // as documented
    {"Conv2d", "weight_g f32[4]; weight_v f32[4,3,1,1]", "(f32[2,3,5,5]) -> (f32[2,4,5,5])",
     "aten::conv2d(f32[2,3,5,5], f32[4,3,1,1], f32[4]) -> f32[2,4,5,5]",
     2 * (4 * 3 * 25 + 4)},  // bias is made elsewhere
    {"Conv3d", "weight f32[3,2,2,2,2]; bias f32[3]", "(f32[1,2,4,4,4]) -> (f32[1,3,3,3,3])",
     "aten::conv3d(f32[1,2,4,4,4], f32[3,2,2,2,2], f32[3]) -> f32[1,3,3,3,3]", 3 * 2 * 8 * 27 + 3},
    // N * (weight * input positions + bias)
    {"ConvTranspose1d", "weight f32[3,4,3]; bias f32[4]", "(f32[2,3,5]) -> (f32[2,4,7])",
     "aten::conv_transpose1d(f32[2,3,5], f32[3,4,3], f32[4]) -> f32[2,4,7]", 2 * (3 * 4 * 3 * 5 + 4)},
    {"ConvTranspose2d", "weight f32[4,3,3,3]; bias f32[6]", "(f32[2,4,5,5]) -> (f32[2,6,7,7])",
     "aten::conv_transpose2d(f32[2,4,5,5], f32[4,3,3,3], f32[6]) -> f32[2,6,7,7]", 2 * (4 * 3 * 9 * 25 + 6)},
    {"ConvTranspose2d", "weight f32[4,3,3,3]; bias f32[3]", "(f32[1,4,5,5]) -> (f32[1,3,7,7])",
     "aten::convolution(f32[1,4,5,5], f32[4,3,3,3], f32[3]) -> f32[1,3,7,7] {transposed=true}", 4 * 3 * 9 * 25 + 3},
    {"ConvTranspose3d", "weight f32[2,3,2,2,2]", "(f32[1,2,2,2,2]) -> (f32[1,3,3,3,3])",
     "aten::conv_transpose3d(f32[1,2,2,2,2], f32[2,3,2,2,2], none) -> f32[1,3,3,3,3]", 2 * 3 * 8 * 8},
    // 4 * x
    {"BatchNorm1d", "weight f32[3]", "(f32[2,3]) -> (f32[2,3])", "aten::batch_norm(f32[2,3]) -> f32[2,3]", 4 * 6},
    {"BatchNorm2d", "", "(f32[2,3,4,4]) -> (f32[2,3,4,4])", "aten::batch_norm(f32[2,3,4,4]) -> f32[2,3,4,4]", 4 * 96},
    {"BatchNorm3d", "", "(f32[1,2,2,2,2]) -> (f32[1,2,2,2,2])",
     "aten::_native_batch_norm_legit_no_training(f32[1,2,2,2,2]) -> (f32[1,2,2,2,2], f32[0], f32[0])", 4 * 16},
    {"SyncBatchNorm", "", "(f32[2,3,4]) -> (f32[2,3,4])", "aten::batch_norm(f32[2,3,4]) -> f32[2,3,4]", 4 * 24},
    // 2 * x
    {"LayerNorm", "", "(f32[2,5,4]) -> (f32[2,5,4])", "aten::layer_norm(f32[2,5,4]) -> f32[2,5,4]", 2 * 40},
    {"InstanceNorm1d", "", "(f32[2,3,4]) -> (f32[2,3,4])", "aten::instance_norm(f32[2,3,4]) -> f32[2,3,4]", 2 * 24},
    {"InstanceNorm2d", "", "(f32[2,3,4,4]) -> (f32[2,3,4,4])", "aten::instance_norm(f32[2,3,4,4]) -> f32[2,3,4,4]",
     2 * 96},
    {"InstanceNorm3d", "", "(f32[1,2,2,2,2]) -> (f32[1,2,2,2,2])",
     "aten::instance_norm(f32[1,2,2,2,2]) -> f32[1,2,2,2,2]", 2 * 16},
    {"GroupNorm", "", "(f32[2,6,4]) -> (f32[2,6,4])", "aten::group_norm(f32[2,6,4]) -> f32[2,6,4]", 2 * 48},
    {"RMSNorm", "", "(f32[2,5,4]) -> (f32[2,5,4])", "aten::pow(f32[2,5,4]) -> f32[2,5,4]", 2 * 40},  // taken apart
    // y * spatial dimensions
    {"AvgPool1d", "", "(f32[2,3,8]) -> (f32[2,3,4])", "aten::avg_pool1d(f32[2,3,8]) -> f32[2,3,4]", 24 * 1},
    {"AvgPool2d", "", "(f32[2,3,8,8]) -> (f32[2,3,4,4])", "aten::avg_pool2d(f32[2,3,8,8]) -> f32[2,3,4,4]", 96 * 2},
    {"AvgPool3d", "", "(f32[1,3,4,4,4]) -> (f32[1,3,2,2,2])", "aten::avg_pool3d(f32[1,3,4,4,4]) -> f32[1,3,2,2,2]",
     24 * 3},
    {"AdaptiveAvgPool1d", "", "(f32[2,3,8]) -> (f32[2,3,4])", "aten::adaptive_avg_pool1d(f32[2,3,8]) -> f32[2,3,4]",
     24 * 1},
    {"AdaptiveAvgPool2d", "", "(f32[1,512,7,7]) -> (f32[1,512,1,1])", "aten::mean(f32[1,512,7,7]) -> f32[1,512,1,1]",
     512 * 2},  // 1024, as documented
    {"AdaptiveAvgPool3d", "", "(f32[1,3,4,4,4]) -> (f32[1,3,2,2,2])",
     "aten::adaptive_avg_pool3d(f32[1,3,4,4,4]) -> f32[1,3,2,2,2]", 24 * 3},
    // x
    {"Softmax", "", "(f32[2,5]) -> (f32[2,5])", "aten::softmax(f32[2,5]) -> f32[2,5]", 10},
    {"Softmax2d", "", "(f32[2,3,4,4]) -> (f32[2,3,4,4])", "aten::softmax(f32[2,3,4,4]) -> f32[2,3,4,4]", 96},
    {"LogSoftmax", "", "(f32[2,5]) -> (f32[2,5])", "aten::log_softmax(f32[2,5]) -> f32[2,5]", 10},
    // N * weight
    {"PReLU", "weight f32[3]", "(f32[2,3,4]) -> (f32[2,3,4])", "aten::prelu(f32[2,3,4], f32[3]) -> f32[2,3,4]", 2 * 3},
    {"PReLU", "weight f32[1]", "(f32[]) -> (f32[])", "aten::prelu(f32[], f32[1]) -> f32[]", 1},
    // y * what the mode costs
    {"Upsample", "", "(f32[2,3,4]) -> (f32[2,3,8])", "aten::upsample_linear1d(f32[2,3,4]) -> f32[2,3,8]", 48 * 4},
    {"Upsample", "", "(f32[2,3,4,4]) -> (f32[2,3,8,8])", "aten::upsample_nearest2d(f32[2,3,4,4]) -> f32[2,3,8,8]", 0},
    {"Upsample", "", "(f32[2,3,4,4]) -> (f32[2,3,8,8])",
     "aten::_upsample_nearest_exact2d(f32[2,3,4,4]) -> f32[2,3,8,8]", 0},
    {"Upsample", "", "(f32[2,3,4,4]) -> (f32[2,3,8,8])", "aten::upsample_bilinear2d(f32[2,3,4,4]) -> f32[2,3,8,8]",
     384 * 6},
    {"Upsample", "", "(f32[2,3,4,4]) -> (f32[2,3,8,8])", "aten::upsample_bicubic2d(f32[2,3,4,4]) -> f32[2,3,8,8]",
     384 * 20},
    {"Upsample", "", "(f32[1,1,2,2,2]) -> (f32[1,1,4,4,4])",
     "aten::upsample_trilinear3d(f32[1,1,2,2,2]) -> f32[1,1,4,4,4]", 64 * 14},
    // Gates of 3 steps of 2 sequences, each as a Linear.
    {"RNN", "weight_ih_l0 f32[4,5]; weight_hh_l0 f32[4,4]; bias_ih_l0 f32[4]; bias_hh_l0 f32[4]",
     "(f32[3,2,5]) -> (f32[3,2,4], f32[1,2,4])",
     "aten::rnn_tanh(f32[3,2,5], f32[1,2,4], f32[4,5], f32[4,4], f32[4], f32[4]) -> (f32[3,2,4], f32[1,2,4])",
     3 * 2 * (5 * 4 + 4 * 4 + 2 * 4)},
    {"LSTM",
     "weight_ih_l0 f32[16,5]; weight_hh_l0 f32[16,4]; bias_ih_l0 f32[16]; bias_hh_l0 f32[16]; "
     "weight_ih_l0_reverse f32[16,5]; weight_hh_l0_reverse f32[16,4]; bias_ih_l0_reverse f32[16]; "
     "bias_hh_l0_reverse f32[16]",
     "(f32[3,2,5]) -> (f32[3,2,8], f32[2,2,4], f32[2,2,4])",
     "aten::lstm(f32[3,2,5], f32[2,2,4], f32[2,2,4], f32[16,5], f32[16,4], f32[16], f32[16], f32[16,5], f32[16,4], "
     "f32[16], "
     "f32[16]) -> (f32[3,2,8], f32[2,2,4], f32[2,2,4])",
     2 * 3 * 2 * 4 * (5 * 4 + 4 * 4 + 2 * 4)},  // two directions, four gates
    {"LSTM", "weight_ih_l0 f32[16,5]; weight_hh_l0 f32[16,4]; bias_ih_l0 f32[16]; bias_hh_l0 f32[16]",
     "(f32[1,2,5]) -> (f32[1,2,4])",
     "aten::mm(f32[2,5], f32[5,16]) -> f32[2,16]\naten::add_(f32[2,16], f32[16]) -> f32[2,16]\n"
     "aten::addmm(f32[16], f32[2,4], f32[4,16]) -> f32[2,16]",
     2 * 4 * (5 * 4 + 4 * 4 + 2 * 4)},  // taken apart, one step
    {"GRU", "weight_ih_l0 f32[12,5]; weight_hh_l0 f32[12,4]", "(f32[3,2,5]) -> (f32[3,2,4], f32[1,2,4])",
     "aten::gru(f32[3,2,5], f32[1,2,4], f32[12,5], f32[12,4]) -> (f32[3,2,4], f32[1,2,4])",
     3 * 2 * 3 * (5 * 4 + 4 * 4)},
    {"RNNCell", "weight_ih f32[4,5]; weight_hh f32[4,4]; bias_ih f32[4]; bias_hh f32[4]", "(f32[2,5]) -> (f32[2,4])",
     "aten::rnn_tanh_cell(f32[2,5], f32[2,4], f32[4,5], f32[4,4], f32[4], f32[4]) -> f32[2,4]",
     2 * (5 * 4 + 4 * 4 + 2 * 4)},
    {"LSTMCell", "weight_ih f32[16,5]; weight_hh f32[16,4]; bias_ih f32[16]; bias_hh f32[16]",
     "(f32[5]) -> (f32[4], f32[4])",
     "aten::lstm_cell(f32[1,5], f32[1,4], f32[1,4], f32[16,5], f32[16,4], f32[16], f32[16]) -> (f32[1,4], f32[1,4])",
     4 * (5 * 4 + 4 * 4 + 2 * 4)},
    {"GRUCell", "weight_ih f32[12,5]; weight_hh f32[12,4]; bias_ih f32[12]; bias_hh f32[12]",
     "(f32[2,5]) -> (f32[2,4])",
     "aten::gru_cell(f32[2,5], f32[2,4], f32[12,5], f32[12,4], f32[12], f32[12]) -> f32[2,4]",
     2 * 3 * (5 * 4 + 4 * 4 + 2 * 4)},
    // Four projections as Linear, heads * L * S * (E + E) * N for the products: 2 samples, L = S = 5, embedding 4.
    {"MultiheadAttention", "in_proj_weight f32[12,4]; in_proj_bias f32[12]",
     "(f32[2,5,4], f32[2,5,4], f32[2,5,4]) -> (f32[2,5,4])",
     "aten::linear(f32[5,2,4], f32[12,4], f32[12]) -> f32[5,2,12]\n"
     "aten::scaled_dot_product_attention(f32[2,2,5,2], f32[2,2,5,2], f32[2,2,5,2]) -> f32[2,2,5,2]\n"
     "aten::linear(f32[10,4], f32[4,4], f32[4]) -> f32[10,4]",
     4 * 10 * (4 * 4 + 4) + 2 * 5 * 5 * (2 + 2) * 2},
    {"MultiheadAttention", "in_proj_weight f32[12,4]; in_proj_bias f32[12]",
     "(f32[2,5,4], f32[2,5,4], f32[2,5,4]) -> (f32[2,5,4])",
     "aten::_native_multi_head_attention(f32[2,5,4], f32[2,5,4], f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4]) -> "
     "f32[2,5,4]",
     4 * 10 * (4 * 4 + 4) + 2 * 5 * 5 * (2 + 2) * 2},  // fused: the same
    {"MultiheadAttention", "in_proj_weight f32[12,4]; in_proj_bias f32[12]",
     "(f32[2,5,4], f32[2,5,4], f32[2,5,4]) -> (f32[2,5,4])",
     "aten::mm(f32[10,4], f32[4,12]) -> f32[10,12]\naten::add_(f32[5,2,12], f32[12]) -> f32[5,2,12]\n"
     "aten::baddbmm(f32[4,5,5], f32[4,5,2], f32[4,2,5]) -> f32[4,5,5]\n"
     "aten::bmm(f32[4,5,5], f32[4,5,2]) -> f32[4,5,2]\naten::addmm(f32[4], f32[10,4], f32[4,4]) -> f32[10,4]",
     4 * 10 * (4 * 4 + 4) + 2 * 5 * 5 * (2 + 2) * 2},  // taken apart, with a mask added to the scores: the same
    {"MultiheadAttention", "in_proj_weight f32[12,4]", "(f32[2,5,4], f32[2,5,4], f32[2,5,4]) -> (f32[2,5,4])",
     "aten::linear(f32[5,2,4], f32[12,4], none) -> f32[5,2,12]", 10 * 3 * 4 * 4},  // without biases
    // The whole layer in one operator: attention as above, 4 -> 6 -> 4, and two norms of 2 * x.
    {"TransformerEncoderLayer", "", "(f32[2,5,4]) -> (f32[2,5,4])",
     "aten::_transformer_encoder_layer_fwd(f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4], f32[4], f32[4], f32[4], "
     "f32[4], f32[6,4], f32[6], f32[4,6], f32[4], none) -> f32[2,5,4]",
     4 * 10 * (4 * 4 + 4) + 2 * 5 * 5 * (2 + 2) * 2 + 10 * (4 * 6 + 6) + 10 * (6 * 4 + 4) + 2 * (2 * 40)},
};

/// Classes without a rule, whose operators cost nothing outside of contractions.
constexpr const char* kFree[] = {"MaxPool2d", "AdaptiveMaxPool2d", "ReLU", "GELU", "Dropout", "Identity", "Embedding"};

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> parts;
  std::istringstream in(text);
  for (std::string part; std::getline(in, part, at);) parts.push_back(part);
  return parts;
}

std::string trace_text(const Case& row, const std::string& cls, const std::string& bases = "") {
  std::string text = "thoplw trace 1\nclass " + cls + bases + "\nmodule \"\" " + cls + "\n";
  for (std::string param : split(row.params, ';')) {
    param.erase(0, param.find_first_not_of(' '));
    const std::size_t space = param.find(' ');
    text += "param \"" + param.substr(0, space) + "\"" + param.substr(space) + " trainable\n";
  }
  return text + "call \"\" " + row.call + " {\n" + row.ops + "\n}\n";
}

std::uint64_t macs(const std::string& text, const char* convention = "thoplw") {
  return count(parse_trace(text), find_convention(convention)).total[Measure::macs].value();
}

const Convention& convention() { return find_convention("thoplw"); }

}  // namespace

TEST_CASE("a module costs what the table of the default convention says") {
  for (const Case& row : kCases) {
    CHECK_MESSAGE(macs(trace_text(row, std::string("torch.nn.") + row.cls)) == row.macs, trace_text(row, row.cls));
  }
}

TEST_CASE("a subclass costs what its nearest base with a rule costs") {
  for (const Case& row : kCases) {
    const std::string bases = std::string(" : app.Base torch.nn.") + row.cls + " torch.nn.Softmax";
    CHECK_MESSAGE(macs(trace_text(row, "app.Mine", bases)) == row.macs, trace_text(row, row.cls));
  }
}

TEST_CASE("every class rule has a test") {
  std::set<std::string> tested;
  for (const Case& row : kCases) tested.insert(std::string("torch.nn.") + row.cls);
  for (const ClassRule& rule : convention().class_rules) CHECK_MESSAGE(tested.count(std::string(rule.cls)), rule.cls);
}

TEST_CASE("a class without a rule costs nothing but contractions") {
  for (const char* cls : kFree) {
    CHECK(find_class_rule(convention(), {std::string("torch.nn.") + cls, {}}) == nullptr);
  }
  const Case own = {"", "", "(f32[2,7]) -> (f32[2,3])", "aten::linear(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", 0};
  CHECK(macs(trace_text(own, "app.Net")) == 2 * 7 * 3);  // a functional linear: its bias is free
}

TEST_CASE("the exact convention prices contractions by operator, whatever the class") {
  for (const Case& row : kCases) {
    const Trace trace = parse_trace(trace_text(row, std::string("torch.nn.") + row.cls));
    Count contractions = 0;
    for (const Op& op : trace.ops) contractions += find_rule(trace.op_name(op))->formula({trace, op}).products();
    CHECK(count(trace, find_convention("exact")).total[Measure::macs] == contractions);
  }
  const Case linear = {"", "bias f32[3]", "(f32[2,7]) -> (f32[2,3])",
                       "aten::linear(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", 0};
  CHECK(macs(trace_text(linear, "torch.nn.Linear"), "exact") == 2 * 7 * 3);
}

TEST_CASE("a batch of n costs n times a batch of 1") {
  const auto conv = [](const std::string& n) {
    return macs(
        "thoplw trace 1\nclass torch.nn.Conv2d\nmodule \"\" torch.nn.Conv2d\nparam \"bias\" f32[6] trainable\n"
        "call \"\" (f32[" +
        n + ",4,5,5]) -> (f32[" + n + ",6,3,3]) {\naten::conv2d(f32[" + n + ",4,5,5], f32[6,4,3,3], f32[6]) -> f32[" +
        n + ",6,3,3]\n}\n");
  };
  CHECK(conv("5") == 5 * conv("1"));
}

TEST_CASE("conventions are found by name") {
  CHECK(find_convention("exact").class_rules.empty());
  CHECK_THROWS_AS(find_convention("exakt"), Error);
  for (const Convention* convention : conventions()) CHECK(&find_convention(convention->name) == convention);
}

TEST_CASE("a call without tensors is named, and its operators still count") {
  const Case linear = {"", "", "() -> ()", "aten::linear(f32[2,7], f32[3,7], none) -> f32[2,3]", 0};
  const Report report = count(parse_trace(trace_text(linear, "torch.nn.Linear")), convention());
  CHECK(report.total[Measure::macs] == 2 * 7 * 3);
  CHECK_FALSE(report.exact);
  CHECK(report.uncounted.at(0).op == "Linear without tensors");
}

}  // namespace thoplw
