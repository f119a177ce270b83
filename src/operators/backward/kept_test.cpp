// Tests of what operators keep for backward: one row per operator, with its arithmetic.
#include "operators/backward/kept.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/formatted.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// "in0 in1 out0 400": inputs, outputs, bytes of fresh memory; "+80": bytes that are freed again; "?": not all is
/// known.
std::string text_of(const Kept& kept) {
  std::string text;
  for (const KeptTensor& tensor : kept.tensors) {
    switch (tensor.of) {
      case KeptTensor::Of::input:
        text += formatted("in{} ", tensor.index);
        break;
      case KeptTensor::Of::output:
        text += formatted("out{} ", tensor.index);
        break;
      case KeptTensor::Of::fresh:
        text += formatted("{} ", tensor.bytes.value());
    }
  }
  if (kept.temporary != 0) text += formatted("+{} ", kept.temporary.value());
  if (!kept.known) text += "? ";
  if (!text.empty()) text.pop_back();
  return text;
}

std::string kept_of(const Trace& trace, std::string_view needs, Flavour flavour) {
  std::vector<std::uint8_t> flags;
  for (const char need : needs) flags.push_back(need == '1');
  return text_of(kept(GradOp{{trace, trace.ops.at(0)}, flags, flavour}));
}

struct Case {
  const char* op;
  const char* needs;  ///< by input
  const char* kept;
};

constexpr Case kCases[] = {
    // Rows of the generated table.
    {"aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]", "11", "in0 in1"},
    {"aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]", "10", "in1"},
    {"aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]", "00", ""},
    {"aten::addmm(f32[6], f32[4,5], f32[5,6]) -> f32[4,6]", "100", ""},
    {"aten::mul(f32[4], f32[4]) -> f32[4]", "10", "in1"},
    {"aten::mul(f32[4]) -> f32[4]", "1", ""},  // by a number
    {"aten::relu(f32[4]) -> f32[4]", "1", "out0"},
    {"aten::silu(f32[4]) -> f32[4]", "1", "in0"},
    {"aten::silu_(f32[4]) -> f32[4]", "1", "16"},  // a clone: 4*4
    {"aten::relu_(f32[4]) -> f32[4]", "1", "out0"},
    {"aten::elu_(f32[4]) -> f32[4]", "1", "out0"},
    {"aten::max(f32[2,4]) -> (f32[2], i64[2])", "1", "out1"},
    {"aten::max(f32[2,4]) -> f32[]", "1", "in0 out0"},
    {"aten::pow(f32[4]) -> f32[4] {exponent=2}", "1", "in0"},
    {"aten::pow(f32[4]) -> f32[4] {self=2}", "1", "in0 out0"},
    {"aten::clamp(f32[4], none, f32[1]) -> f32[4]", "100", "in0 in2"},
    {"aten::index(f32[4,5], i64[3], none, i64[3]) -> f32[3]", "1000", "in1 in3"},
    {"aten::cat(f32[4], f32[4], f32[4]) -> f32[12]", "010", ""},
    {"aten::native_layer_norm(f32[4,5], f32[5], f32[5]) -> (f32[4,5], f32[4,1], f32[4,1])", "100",
     "in0 in1 in2 out1 out2"},
    {"aten::argmax(f32[4]) -> i64[]", "1", ""},
    {"aten::embedding(f32[9,4], i64[3]) -> f32[3,4]", "10", "in1"},
    {"aten::where(bool[4], f32[4]) -> f32[4]", "01", "in0"},
    {"aten::scaled_dot_product_attention(f32[4], f32[4], f32[4], none) -> f32[4]", "1110", "?"},  // not in torch
    {"aten::matmul(f32[2,3,4], f32[3,4,5]) -> f32[2,3,5]", "11", "?"},                            // the same
    {"aten::gru(f32[2,3,5], f32[1,3,4]) -> f32[2,3,4] {num_layers=0}", "10", "?"},                // the same
    {"mylib::odd(f32[4]) -> f32[4]", "1", "?"},
    {"mylib::odd(f32[4]) -> f32[4]", "0", ""},
    {"torchvision::deform_conv2d(f32[2,4,8,8], f32[6,2,3,3], f32[2,18,6,6], none, f32[6]) -> f32[2,6,6,6]", "10000",
     "in0 in1 in2 in4"},
    {"torchvision::roi_align(f32[1,4,8,8], f32[2,5]) -> f32[2,4,2,2]", "10", "in1"},
    {"torchvision::roi_pool(f32[1,4,8,8], f32[2,5]) -> (f32[2,4,2,2], i32[2,4,2,2])", "10", "in1 out1"},
    {"aten::_weight_norm(bf16[5,3,4], bf16[5,1,1]) -> bf16[5,3,4] {dim=0}", "11", "in0 in1 20"},  // norms in fp32: 5*4
    // Products.
    {"aten::linear(f32[2,3,4], f32[5,4], f32[5]) -> f32[2,3,5]", "011", "in0"},
    {"aten::linear(f32[2,3,4], f32[5,4], f32[5]) -> f32[2,3,5]", "100", "in1"},
    {"aten::matmul(f32[2,3,4], f32[2,4,5]) -> f32[2,3,5]", "11", "in0 in1"},
    {"aten::matmul(f32[6,3,4], f32[4,5]) -> f32[6,3,5]", "11", "in0 in1"},
    {"aten::matmul(f32[3,4], f32[2,4,5]) -> f32[2,3,5]", "11", "160 in0"},  // the larger is turned: 2*4*5*4
    {"aten::einsum(f32[2,3,4], f32[2,4,5]) -> f32[2,3,5] {equation=\"bij,bjk->bik\"}", "11", "in0 in1"},
    {"aten::einsum(f32[3,2,4], f32[2,4,5]) -> f32[3,5] {equation=\"ibj,bjk->ik\"}", "11", "in0 in1"},
    {"aten::tensordot(f32[3,4], f32[4,5]) -> f32[3,5] {dims_self=[1] dims_other=[0]}", "11", "in0 in1"},
    {"aten::bilinear(f32[2,3], f32[2,4], f32[5,3,4], none) -> f32[2,5]", "001", "in0 in1"},
    {"aten::conv2d(f32[1,3,8,8], f32[4,3,3,3], f32[4]) -> f32[1,4,6,6]", "011", "in0 in1"},
    {"aten::conv1d(f32[1,3,8], f32[4,3,2], none) -> f32[1,4,8] {padding=\"same\"}", "010", "108 in1"},  // 3*9*4
    // Norms.
    {"aten::batch_norm(f32[2,3,4,4], f32[3], f32[3], f32[3], f32[3]) -> f32[2,3,4,4] {training=true}", "01100",
     "in0 in1 in3 in4 12 12"},
    {"aten::batch_norm(f32[2,3,4,4], f32[3], f32[3], f32[3], f32[3]) -> f32[2,3,4,4] {training=false}", "01100",
     "in0 in1 in3 in4"},
    {"aten::layer_norm(f32[2,3,4], f32[4], f32[4]) -> f32[2,3,4] {normalized_shape=[4]}", "100",
     "in0 in1 in2 24 24"},                                                                                  // 2*3*4
    {"aten::layer_norm(f32[2,3,4], f32[4], f32[4]) -> f32[2,3,4] {normalized_shape=[4]}", "000", "+48"},    // 2*2*3*4
    {"aten::group_norm(f32[2,4,3], f32[4], f32[4]) -> f32[2,4,3] {num_groups=2}", "011", "in0 in1 16 16"},  // 2*2*4
    {"aten::instance_norm(f32[2,3,5], f32[3], f32[3], none, none) -> f32[2,3,5] {use_input_stats=true}", "011",
     "in0 24 24 24 +24"},  // weight, bias, statistics: 2*3*4
    {"aten::rms_norm(f32[2,3,4], f32[4]) -> f32[2,3,4] {normalized_shape=[4]}", "11", "in0 24 96 in1"},  // 2*3*4*4
    // Pools and dropout.
    {"aten::max_pool2d(f32[1,3,4,4]) -> f32[1,3,2,2]", "1", "in0 96"},  // 3*2*2*8
    {"aten::max_pool2d(f32[1,3,4,4]) -> f32[1,3,2,2]", "0", "+96"},
    {"aten::adaptive_avg_pool2d(f32[1,3,4,4]) -> f32[1,3,1,1]", "1", ""},
    {"aten::adaptive_avg_pool2d(f32[1,3,4,4]) -> f32[1,3,2,2]", "1", "in0"},
    {"aten::dropout(f32[2,5]) -> f32[2,5] {p=0.1 train=true}", "1", "40"},
    {"aten::dropout(f32[2,5]) -> f32[2,5] {p=0.1 train=false}", "1", ""},
    {"aten::feature_dropout(f32[2,5,3,3]) -> f32[2,5,3,3] {p=0.1 train=true}", "1", "40"},  // 2*5*4
    {"aten::softmax(f32[2,5]) -> f32[2,5]", "1", "out0"},
    {"aten::pad(f32[2,5]) -> f32[2,7] {mode=\"reflect\"}", "1", "in0"},
    // Attention: flash keeps a sum for each of 2*3 rows; the others are worked out below.
    {"aten::scaled_dot_product_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4]", "111",
     "in0 in1 in2 out0 24"},
    {"aten::scaled_dot_product_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], bool[3,5]) -> f32[1,2,3,4]", "1110",
     "in0 in1 in2 60 out0 24"},  // the mask in numbers: 3*5*4
    // Scaled queries 2*3*4*4 and keys 2*5*4*4, probabilities, mask and what it leaves 2*3*5*4, the values.
    {"aten::scaled_dot_product_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4] "
     "{dropout_p=0.1}",
     "1110", "96 160 120 120 120 in2"},
    // Recurrent layers: 2 steps of 3 sequences, a state of 4. The gates of both steps are there before the last state
    // is.
    {"aten::rnn_tanh(f32[2,3,5], f32[1,3,4], f32[4,5], f32[4,4], f32[4], f32[4]) -> (f32[2,3,4], f32[1,3,4])", "001111",
     "in0 in1 in3 48 48 +48"},
    {"aten::lstm(f32[2,3,5], f32[1,3,4], f32[1,3,4], f32[16,5], f32[16,4]) -> (f32[2,3,4], f32[1,3,4], f32[1,3,4])",
     "00011", "in0 in1 in2 in3 in4 320 256 48 48 out0 ?"},  // zeros for biases as large as weights: 16*5*4, 16*4*4
};

/// The same of a trace with the strides of inputs.
constexpr Case kStridedCases[] = {
    // A transposed input of 2*3*4 is copied to be a matrix, where the weight needs a gradient; else it is batched.
    {"aten::linear(%0:f32[2,3,4], %1:f32[5,4], none) -> %2:f32[2,3,5]\nstorage 96 (%0:f32[2,3,4]@[4,8,1])", "010",
     "96"},
    {"aten::linear(%0:f32[2,3,4], %1:f32[5,4], none) -> %2:f32[2,3,5]\nstorage 96 (%0:f32[2,3,4]@[4,8,1])", "100",
     "in1"},
    {"aten::matmul(%0:f32[2,6,3,4], %1:f32[2,6,4,5]) -> %2:f32[2,6,3,5]\nstorage 576 (%0:f32[2,6,3,4]@[72,4,24,1])",
     "11", "576 in1"},  // heads and batch do not merge: 2*6*3*4*4
    {"aten::einsum(%0:f32[3,2,4], %1:f32[2,4,5]) -> %2:f32[3,5] {equation=\"ibj,bjk->ik\"}\n"
     "storage 96 (%0:f32[3,2,4]@[4,12,1])",
     "11", "96 in1"},  // 3*2*4*4
    {"aten::group_norm(%0:f32[2,4,3], none, none) -> %1:f32[2,4,3] {num_groups=2}\n"
     "storage 96 (%0:f32[2,4,3]@[12,1,4])",
     "100", "96 16 16"},
};

Trace with_strides(std::string_view op_and_storages) {
  const std::size_t end = op_and_storages.find('\n');
  return parse_trace(
      formatted("thoplw trace 1\nmodel \"\"\nsource \"\"\nclass M\nmodule \"\" M\n"
                "call \"\" () -> () {{\n  {}\n}}\n{}\n",
                op_and_storages.substr(0, end), op_and_storages.substr(end + 1)));
}

}  // namespace

TEST_CASE("operators keep for backward what torch's autograd keeps") {
  for (const Case& row : kCases) {
    CAPTURE(row.op);
    CHECK(kept_of(parse_op(row.op), row.needs, {}) == row.kept);
  }
}

TEST_CASE("operators keep copies of operands whose strides allow no view") {
  for (const Case& row : kStridedCases) {
    CAPTURE(row.op);
    CHECK(kept_of(with_strides(row.op), row.needs, {}) == row.kept);
  }
}

TEST_CASE("operators keep other tensors on CUDA, and by the kernel of attention") {
  const auto on_cuda = [](const char* op, std::string_view needs, AttentionKernel kernel = AttentionKernel::automatic) {
    return kept_of(parse_op(op), needs, {.processor = Processor::cuda, .attention = kernel});
  };
  CHECK(on_cuda("aten::dropout(f32[2,5]) -> f32[2,5] {p=0.1 train=true}", "1") == "10");  // a byte for each element
  const char* half =
      "aten::scaled_dot_product_attention(f16[1,2,3,8], f16[1,2,5,8], f16[1,2,5,8], none) -> f16[1,2,3,8]";
  CHECK(on_cuda(half, "1110") == "in0 in1 in2 out0 24 16");  // flash: 2*3 sums, two numbers of the random state
  const char* single =
      "aten::scaled_dot_product_attention(f32[1,2,3,8], f32[1,2,5,8], f32[1,2,5,8], none) -> f32[1,2,3,8]";
  CHECK(on_cuda(single, "1110") == "in0 in1 in2 out0 256");  // efficient: sums of 2*32 rows, as they come in 32s
  // math: queries 2*3*8*4 and keys 2*5*8*4 scaled, 2*3*5*4 probabilities
  CHECK(on_cuda(single, "1110", AttentionKernel::math) == "192 320 120 in2");
  // Where nothing is kept, queries, keys and scores lie there at once, and the result of 192 does not yet.
  CHECK(on_cuda(single, "0000", AttentionKernel::math) == "+440");  // 192+320+120-192
}

TEST_CASE("an operator that autograd has no derivative of gives no gradient") {
  CHECK(!differentiable("aten::detach"));
  CHECK(!differentiable("aten::zeros_like"));
  CHECK(!differentiable("aten::new_empty"));
  CHECK(differentiable("aten::copy_"));
  CHECK(differentiable("aten::relu_"));
  CHECK(differentiable("aten::linear"));
  CHECK(differentiable("mylib::odd"));
}

}  // namespace thoplw
