// Tests of the operator rules: one row per operator, with its arithmetic, and a walk that finds rules without one.
#include <doctest/doctest.h>

#include <iterator>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "operators/rule.h"
#include "trace/text.h"

namespace thoplw {
namespace {

struct Case {
  const char* op;
  const char* work;
};

// Operators that a formula of their own, or one of few, serves.
constexpr Case kCases[] = {
    // Convolutions: weight used once per output position and sample.
    {"aten::conv1d(f32[2,3,10], f32[4,3,3], f32[4]) -> f32[2,4,8]", "576 contraction, 64 bias"},  // 4*3*3*2*8; 2*4*8
    {"aten::conv2d(f32[1,3,224,224], f32[64,3,7,7], none) -> f32[1,64,112,112]",
     "118013952 contraction"},  // 64*3*7*7*112*112
    {"aten::conv2d(f32[2,4,5,5], f32[6,2,3,3], f32[6]) -> f32[2,6,3,3]",
     "1944 contraction, 108 bias"},                                                      // 6*2*3*3*2*3*3; 2*6*3*3
    {"aten::conv2d(f32[3,5,5], f32[6,3,3,3], none) -> f32[6,3,3]", "1458 contraction"},  // 6*3*3*3*3*3, no batch
    {"aten::conv3d(f32[1,2,4,4,4], f32[3,2,2,2,2], none) -> f32[1,3,3,3,3]", "1296 contraction"},       // 3*2*2*2*2*27
    {"aten::_convolution_mode(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,8,8]", "6912 contraction"},  // 4*3*3*3*64
    {"aten::_conv_depthwise2d(f32[1,4,8,8], f32[4,1,3,3], f32[4]) -> f32[1,4,6,6]",
     "1296 contraction, 144 bias"},  // 4*9*36; 4*36
    {"aten::conv_depthwise3d(f32[1,4,3,3,3], f32[4,1,2,2,2], none) -> f32[1,4,2,2,2]", "256 contraction"},  // 4*8*8
    {"aten::_slow_conv2d_forward(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]", "3888 contraction"},   // 4*3*9*36
    {"aten::slow_conv3d(f32[1,1,3,3,3], f32[2,1,2,2,2], none) -> f32[1,2,2,2,2]", "128 contraction"},       // 2*8*8
    {"aten::slow_conv3d_forward(f32[1,1,3,3,3], f32[2,1,2,2,2], none) -> f32[1,2,2,2,2]", "128 contraction"},  // 2*8*8
    {"aten::slow_conv_dilated2d(f32[1,3,9,9], f32[4,3,3,3], none) -> f32[1,4,5,5]", "2700 contraction"},  // 4*3*9*25
    {"aten::slow_conv_dilated3d(f32[1,1,5,5,5], f32[2,1,2,2,2], none) -> f32[1,2,3,3,3]", "432 contraction"},  // 2*8*27
    {"aten::thnn_conv2d(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]", "3888 contraction"},  // 4*3*9*36
    {"aten::cudnn_convolution(f32[1,3,8,8], f32[4,3,3,3]) -> f32[1,4,6,6]", "3888 contraction"},  // 4*3*9*36
    {"aten::miopen_convolution(f32[1,3,8,8], f32[4,3,3,3], f32[4]) -> f32[1,4,6,6]",
     "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"aten::miopen_depthwise_convolution(f32[1,4,8,8], f32[4,1,3,3], none) -> f32[1,4,6,6]",
     "1296 contraction"},  // 4*9*36
    {"aten::mkldnn_convolution(f32[1,3,8,8], f32[4,3,3,3], f32[4]) -> f32[1,4,6,6]",
     "3888 contraction, 144 bias"},                                                                 // 4*3*9*36; 4*36
    {"aten::conv_tbc(f32[10,2,3], f32[3,3,4], f32[4]) -> f32[8,2,4]", "576 contraction, 64 bias"},  // 3*3*4*8*2; 8*2*4
    {"torchvision::deform_conv2d(f32[2,4,8,8], f32[6,2,3,3], f32[2,18,6,6], f32[2,9,6,6], f32[6]) -> f32[2,6,6,6]",
     "7776 contraction, 432 bias"},  // 6*2*9*2*36, 2 groups; 2*6*36
    // Transposed: once per input position.
    {"aten::conv_transpose1d(f32[2,3,5], f32[3,4,3], f32[4]) -> f32[2,4,7]",
     "360 contraction, 56 bias"},  // 3*4*3*2*5; 2*4*7
    {"aten::conv_transpose2d(f32[2,4,5,5], f32[4,3,3,3], none) -> f32[2,6,7,7]",
     "5400 contraction"},  // 4*3*9*2*25, 2 groups
    {"aten::conv_transpose3d(f32[1,2,2,2,2], f32[2,3,2,2,2], none) -> f32[1,3,3,3,3]", "384 contraction"},  // 2*3*8*8
    {"aten::cudnn_convolution_transpose(f32[1,4,5,5], f32[4,3,3,3]) -> f32[1,3,7,7]", "2700 contraction"},  // 4*3*9*25
    {"aten::miopen_convolution_transpose(f32[1,4,5,5], f32[4,3,3,3], none) -> f32[1,3,7,7]",
     "2700 contraction"},                                                                                   // 4*3*9*25
    {"aten::slow_conv_transpose2d(f32[1,4,5,5], f32[4,3,3,3], none) -> f32[1,3,7,7]", "2700 contraction"},  // 4*3*9*25
    {"aten::slow_conv_transpose3d(f32[1,2,2,2,2], f32[2,3,2,2,2], none) -> f32[1,3,3,3,3]",
     "384 contraction"},  // 2*3*8*8
    {"aten::convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6] {transposed=false}",
     "3888 contraction"},  // 4*3*9*36
    {"aten::convolution(f32[1,4,5,5], f32[4,3,3,3], f32[3]) -> f32[1,3,7,7] {transposed=true}",
     "2700 contraction, 147 bias"},  // 4*3*9*25; 3*49
    {"aten::_convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6] {transposed=false}",
     "3888 contraction"},  // 4*3*9*36
    {"aten::convolution_overrideable(f32[1,4,5,5], f32[4,3,3,3], none) -> f32[1,3,7,7] {transposed=true}",
     "2700 contraction"},  // 4*3*9*25
    // Matrix products: every result is a sum over the inner size.
    {"aten::linear(f32[2,5,7], f32[3,7], f32[3]) -> f32[2,5,3]", "210 contraction, 30 bias"},      // 2*5*7*3; 2*5*3
    {"aten::linear(f32[7], f32[3,7]) -> f32[3]", "21 contraction"},                                // 7*3
    {"aten::mkldnn_linear(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", "42 contraction, 6 bias"},     // 2*7*3; 2*3
    {"aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]", "120 contraction"},                               // 4*5*6
    {"aten::_int_mm(i8[4,5], i8[5,6]) -> i32[4,6]", "120 contraction"},                            // 4*5*6
    {"aten::_scaled_mm(f8e4m3[4,5], f8e4m3[5,6], f32[], f32[]) -> bf16[4,6]", "120 contraction"},  // 4*5*6
    {"aten::bmm(f32[2,4,5], f32[2,5,6]) -> f32[2,4,6]", "240 contraction"},                        // 2*4*5*6
    {"aten::mv(f32[4,5], f32[5]) -> f32[4]", "20 contraction"},                                    // 4*5
    {"aten::dot(f32[5], f32[5]) -> f32[]", "5 contraction"},
    {"aten::vdot(f32[5], f32[5]) -> f32[]", "5 contraction"},
    {"aten::inner(f32[2,5], f32[3,5]) -> f32[2,3]", "30 contraction"},              // 2*3*5
    {"aten::matmul(f32[2,1,4,5], f32[3,5,6]) -> f32[2,3,4,6]", "720 contraction"},  // 2*3*4*6*5, batches broadcast
    {"aten::matmul(f32[5], f32[3,5,6]) -> f32[3,6]", "90 contraction"},             // 3*6*5
    {"aten::matmul(f32[3,4,5], f32[5]) -> f32[3,4]", "60 contraction"},             // 3*4*5
    {"aten::matmul(f32[5], f32[5]) -> f32[]", "5 contraction"},
    {"aten::matmul(f32[4,0], f32[0,6]) -> f32[4,6]", "nothing"},                          // 4*6*0
    {"aten::linalg_matmul(f32[4,5], f32[5,6]) -> f32[4,6]", "120 contraction"},           // 4*5*6
    {"aten::addmm(f32[6], f32[4,5], f32[5,6]) -> f32[4,6]", "120 contraction, 24 bias"},  // 4*5*6; 4*6
    {"aten::addmm(f32[4,6], f32[4,5], f32[5,6]) -> f32[4,6]",
     "120 contraction, 24 elementwise"},                                                   // a full tensor is no bias
    {"aten::addmv(f32[4], f32[4,5], f32[5]) -> f32[4]", "20 contraction, 4 elementwise"},  // 4*5
    {"aten::baddbmm(f32[2,1,6], f32[2,4,5], f32[2,5,6]) -> f32[2,4,6]",
     "240 contraction, 48 elementwise"},  // 2*4*5*6; 2*4*6
    {"aten::addbmm(f32[4,6], f32[2,4,5], f32[2,5,6]) -> f32[4,6]", "240 contraction, 24 elementwise"},  // 2*4*5*6; 4*6
    {"aten::addbmm(f32[6], f32[2,4,5], f32[2,5,6]) -> f32[4,6]", "240 contraction, 24 bias"},           // 2*4*5*6; 4*6
    {"aten::_grouped_mm(bf16[8,5], bf16[3,5,6], i32[3]) -> bf16[8,6]", "240 contraction"},  // 8 rows, each 5*6
    {"aten::_grouped_mm(bf16[3,4,5], bf16[5,8], i32[3]) -> bf16[4,8]", "160 contraction"},  // 8 columns, each 4*5
    {"aten::_grouped_mm(bf16[3,4,5], bf16[3,5,6]) -> bf16[3,4,6]", "360 contraction"},      // 3*4*5*6
    {"aten::_grouped_mm(bf16[4,9], bf16[9,6], i32[3]) -> bf16[3,4,6]",
     "216 contraction"},  // 9 parted by 3 groups: 4*9*6
    {"transformers::grouped_mm_fallback(f32[8,5], f32[3,5,6], i32[3]) -> f32[8,6]", "240 contraction"},  // 8*5*6
    {"aten::_scaled_grouped_mm(f8e4m3[8,5], f8e4m3[3,5,6], f32[8], f32[3,6], i32[3]) -> bf16[8,6]",
     "240 contraction"},                                                                                 // 8*5*6
    {"aten::tensordot(f32[2,3,4], f32[3,4,5]) -> f32[2,5] {dims_self=[1,2]}", "120 contraction"},        // 2*5*3*4
    {"aten::tensordot(f32[2,3], f32[3,4]) -> f32[2,4] {dims_self=[-1]}", "24 contraction"},              // 2*4*3
    {"aten::bilinear(f32[7,3], f32[7,4], f32[5,3,4], f32[5]) -> f32[7,5]", "420 contraction, 35 bias"},  // 7*5*3*4; 7*5
    {"aten::_trilinear(f32[7,3], f32[5,3,4], f32[7,4]) -> f32[7,5] {expand1=[1,3] expand2=[0] expand3=[1,2]}",
     "420 contraction"},  // 7*5*3*4
    // Einsum: pair by pair; what only one operand has is summed before, and without a sum there is no contraction.
    {"aten::einsum(f32[2,3], f32[3,5]) -> f32[2,5] {equation=\"ij,jk->ik\"}", "30 contraction"},  // 2*3*5
    {"aten::einsum(f32[2,3], f32[3,5]) -> f32[2,5] {equation=\"ij,jk\"}", "30 contraction"},      // result left out
    {"aten::einsum(f32[7,2,3], f32[3,5]) -> f32[7,2,5] {equation=\"...ij, jk -> ...ik\"}",
     "210 contraction"},  // 7*2*3*5
    {"aten::einsum(f32[1,2,3,4], f32[5,2,3,4]) -> f32[5,2,3,3] {equation=\"bhid,bhjd->bhij\"}",
     "360 contraction"},                                                                       // 5*2*3*3*4
    {"aten::einsum(f32[3,4], f32[3,4]) -> f32[] {equation=\"ij,ij->\"}", "12 contraction"},    // 3*4
    {"aten::einsum(f32[2,3], f32[3,5]) -> f32[5] {equation=\"ij,jk->k\"}", "15 contraction"},  // i summed first; 3*5
    {"aten::einsum(f32[2], f32[3]) -> f32[2,3] {equation=\"i,j->ij\"}", "6 elementwise"},      // 2*3, an outer product
    {"aten::einsum(f32[2,3,4]) -> f32[2,3] {equation=\"ijk->ij\"}", "nothing"},
    {"aten::einsum(f32[2,3], f32[3,5], f32[5,7]) -> f32[2,7] {equation=\"ij,jk,kl->il\"}",
     "100 contraction"},  // 2*3*5+2*5*7
    {"aten::einsum(f32[2,3], f32[3,5], f32[5,7]) -> f32[2,7] {equation=\"ij,jk,kl->il\" path=[1,2,0,1]}",
     "147 contraction"},  // 3*5*7+2*3*7
    // Attention: scores over E, then values over them. Heads of the queries count where groups share keys.
    {"aten::scaled_dot_product_attention(f32[2,8,5,4], f32[2,8,7,4], f32[2,8,7,6], none) -> f32[2,8,5,6]",
     "5600 attention, 560 softmax"},  // 2*8*5*7*(4+6); 2*8*5*7
    {"aten::scaled_dot_product_attention(f32[2,8,5,4], f32[2,2,7,4], f32[2,2,7,4], none) -> f32[2,8,5,4]",
     "4480 attention, 560 softmax"},  // 2*8*5*7*(4+4)
    {"aten::_scaled_dot_product_attention_math(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> (f32[1,2,3,4], "
     "f32[1,2,3,5])",
     "240 attention, 30 softmax"},  // 2*3*5*(4+4); 2*3*5
    {"aten::_scaled_dot_product_attention_math_for_mps(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},
    {"aten::_scaled_dot_product_cudnn_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},
    {"aten::_scaled_dot_product_efficient_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},
    {"aten::_scaled_dot_product_flash_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> (f32[1,2,3,4], "
     "f32[1,2,3])",
     "240 attention, 30 softmax"},
    {"aten::_scaled_dot_product_flash_attention_for_cpu(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},
    {"aten::_scaled_dot_product_fused_attention_overrideable(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},
    {"aten::_native_multi_head_attention(f32[2,5,4], f32[2,5,4], f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4]) -> "
     "(f32[2,5,4], none)",
     "640 contraction, 400 attention, 160 bias"},  // 4 projections of 2*5*4*4, 2 products of 2*5*5*4; 4*2*5*4
    {"aten::_transformer_encoder_layer_fwd(f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4], f32[4], f32[4], f32[4], "
     "f32[4], "
     "f32[6,4], f32[6], f32[4,6], f32[4], none) -> f32[2,5,4]",
     "1120 contraction, 400 attention, 260 bias, 80 norm, 60 activation"},  // 640+2*5*(24+24); 400; 160+2*5*(6+4);
                                                                            // 2*2*5*4; 2*5*6
    // Recurrent: every matrix once per step and sequence. 3 steps of 2 sequences.
    {"aten::lstm(f32[3,2,5], f32[1,2,4], f32[1,2,4], f32[16,5], f32[16,4], f32[16], f32[16]) -> "
     "(f32[3,2,4], f32[1,2,4], f32[1,2,4])",
     "864 contraction, 192 bias"},  // 3*2*(16*5+16*4); 3*2*(16+16)
    {"aten::lstm(f32[6,5], i64[3], f32[1,2,4], f32[1,2,4], f32[16,5], f32[16,4]) -> (f32[6,4], f32[1,2,4], f32[1,2,4])",
     "864 contraction"},  // packed: 6 steps in all
    {"aten::gru(f32[3,2,5], f32[1,2,4], f32[12,5], f32[12,4], f32[12], f32[12]) -> (f32[3,2,4], f32[1,2,4])",
     "648 contraction, 144 bias"},  // 3*2*(12*5+12*4); 3*2*24
    {"aten::rnn_tanh(f32[3,2,5], f32[2,2,4], f32[4,5], f32[4,4], f32[4,5], f32[4,4]) -> (f32[3,2,8], f32[2,2,4])",
     "432 contraction"},  // both directions: 3*2*2*(4*5+4*4)
    {"aten::rnn_relu(f32[3,2,5], f32[1,2,4], f32[4,5], f32[4,4], f32[4], f32[4]) -> (f32[3,2,4], f32[1,2,4])",
     "216 contraction, 48 bias"},  // 3*2*(4*5+4*4); 3*2*8
    {"aten::_cudnn_rnn(f32[3,2,5], f32[4,5], f32[4,4], f32[4], f32[4], f32[44], f32[1,2,4], none, none) -> "
     "(f32[3,2,4], f32[1,2,4])",
     "216 contraction"},  // 3*2*(4*5+4*4)
    {"aten::miopen_rnn(f32[3,2,5], f32[4,5], f32[4,4], f32[4], f32[4], f32[1,2,4], none, none) -> (f32[3,2,4], "
     "f32[1,2,4])",
     "216 contraction"},  // 3*2*(4*5+4*4)
    {"aten::mkldnn_rnn_layer(f32[3,2,5], f32[16,5], f32[16,4], f32[16], f32[16], f32[2,4], f32[2,4]) -> f32[3,2,4]",
     "864 contraction, 192 bias"},  // 3*2*(16*5+16*4); 3*2*(16+16)
    {"aten::mkldnn_rnn_layer(f32[3,2,5], f32[16,5], f32[16,4], f32[16,5], f32[16,4], f32[2,4], f32[2,4]) -> f32[3,2,4]",
     "864 contraction"},  // without biases: 3*2*(16*5+16*4)
    {"aten::lstm_cell(f32[2,5], f32[2,4], f32[2,4], f32[16,5], f32[16,4], f32[16], f32[16]) -> (f32[2,4], f32[2,4])",
     "288 contraction, 64 bias"},  // 2*(16*5+16*4); 2*32
    {"aten::gru_cell(f32[2,5], f32[2,4], f32[12,5], f32[12,4], f32[12], f32[12]) -> f32[2,4]",
     "216 contraction, 48 bias"},  // 2*(12*5+12*4); 2*24
    {"aten::rnn_tanh_cell(f32[2,5], f32[2,4], f32[4,5], f32[4,4], none, none) -> f32[2,4]",
     "72 contraction"},  // 2*(4*5+4*4)
    {"aten::rnn_relu_cell(f32[2,5], f32[2,4], f32[4,5], f32[4,4], f32[4], f32[4]) -> f32[2,4]",
     "72 contraction, 16 bias"},  // 2*(4*5+4*4); 2*8
    {"aten::_thnn_fused_lstm_cell(f32[2,16], f32[2,16], f32[2,4]) -> (f32[2,4], f32[2,4], f32[2,16])",
     "32 elementwise"},                                                                                         // 2*16
    {"aten::_thnn_fused_gru_cell(f32[2,12], f32[2,12], f32[2,4]) -> (f32[2,4], f32[2,20])", "24 elementwise"},  // 2*12
    // Packed weights, of integers or half floats, unpacked by capture: (input, weight, bias).
    {"quantized::linear(qu8[2,5,7], qi8[3,7], f32[3]) -> qu8[2,5,3]", "210 contraction"},               // 2*5*7*3
    {"quantized::linear_relu(qu8[2,7], qi8[3,7], none) -> qu8[2,3]", "42 contraction"},                 // 2*7*3
    {"quantized::linear_leaky_relu(qu8[2,7], qi8[3,7], none) -> qu8[2,3]", "42 contraction"},           // 2*7*3
    {"quantized::linear_tanh(qu8[2,7], qi8[3,7], none) -> qu8[2,3]", "42 contraction"},                 // 2*7*3
    {"quantized::linear_dynamic(f32[2,7], qi8[3,7], f32[3]) -> f32[2,3]", "42 contraction"},            // 2*7*3
    {"quantized::linear_relu_dynamic(f32[2,7], qi8[3,7], f32[3]) -> f32[2,3]", "42 contraction"},       // 2*7*3
    {"quantized::linear_dynamic_fp16(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", "42 contraction"},       // 2*7*3
    {"quantized::linear_relu_dynamic_fp16(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", "42 contraction"},  // 2*7*3
    {"quantized::linear_dynamic_fp16_unpacked_weight(f32[2,7], f32[3,7], f32[3]) -> f32[2,3]", "42 contraction"},
    {"quantized::linear_with_input_q_dq_qweight_dq_output_fp32(f32[2,7], qi8[3,7]) -> f32[2,3]", "42 contraction"},
    {"quantized::linear_with_input_q_dq_qweight_dq_relu_output_fp32(f32[2,7], qi8[3,7]) -> f32[2,3]",
     "42 contraction"},                                                                         // 2*7*3
    {"aten::_weight_int8pack_mm(bf16[4,7], i8[3,7], bf16[3]) -> bf16[4,3]", "84 contraction"},  // 4*7*3
    {"aten::_weight_int4pack_mm(bf16[4,64], i32[4,1,32,4], bf16[2,32,2]) -> bf16[4,32]",
     "8192 contraction"},  // 4*64*32
    {"aten::_weight_int4pack_mm_for_cpu(bf16[4,64], u8[32,32], bf16[2,32,2]) -> bf16[4,32]",
     "8192 contraction"},  // 4*64*32
    {"aten::_weight_int4pack_mm_with_scales_and_zeros(bf16[4,64], i32[4,1,32,4], bf16[2,32], bf16[2,32]) -> "
     "bf16[4,32]",
     "8192 contraction"},                                                                                   // 4*64*32
    {"aten::_dyn_quant_matmul_4bit(f32[4,64], u8[1234]) -> f32[4,32]", "8192 contraction"},                 // 4*64*32
    {"aten::_mixed_dtypes_linear(bf16[4,7], i8[7,3], bf16[3], none) -> bf16[4,3]", "84 contraction"},       // 4*7*3
    {"quantized::matmul(qu8[4,5], qu8[5,6]) -> qu8[4,6]", "120 contraction"},                               // 4*5*6
    {"quantized::conv1d(qu8[2,4,10], qi8[6,2,1,3], none) -> qu8[2,6,8]", "576 contraction"},                // 6*2*3*2*8
    {"quantized::conv1d_relu(qu8[2,4,10], qi8[6,2,1,3], none) -> qu8[2,6,8]", "576 contraction"},           // 6*2*3*2*8
    {"quantized::conv1d_dynamic(f32[2,4,10], qi8[6,2,1,3], none) -> f32[2,6,8]", "576 contraction"},        // 6*2*3*2*8
    {"quantized::conv2d(qu8[1,3,8,8], qi8[4,3,3,3], f32[4]) -> qu8[1,4,6,6]", "3888 contraction"},          // 4*3*9*36
    {"quantized::conv2d_relu(qu8[1,3,8,8], qi8[4,3,3,3], f32[4]) -> qu8[1,4,6,6]", "3888 contraction"},     // 4*3*9*36
    {"quantized::conv2d_dynamic(f32[1,3,8,8], qi8[4,3,3,3], none) -> f32[1,4,6,6]", "3888 contraction"},    // 4*3*9*36
    {"quantized::conv3d(qu8[1,1,3,3,3], qi8[2,1,2,2,2], none) -> qu8[1,2,2,2,2]", "128 contraction"},       // 2*8*8
    {"quantized::conv3d_relu(qu8[1,1,3,3,3], qi8[2,1,2,2,2], none) -> qu8[1,2,2,2,2]", "128 contraction"},  // 2*8*8
    {"quantized::conv3d_dynamic(f32[1,1,3,3,3], qi8[2,1,2,2,2], none) -> f32[1,2,2,2,2]", "128 contraction"},  // 2*8*8
    {"quantized::conv_transpose1d(qu8[2,3,5], qi8[3,4,1,3], none) -> qu8[2,4,7]", "360 contraction"},  // 3*4*3*2*5
    {"quantized::conv_transpose1d_dynamic(f32[2,3,5], qi8[3,4,1,3], none) -> f32[2,4,7]", "360 contraction"},
    {"quantized::conv_transpose2d(qu8[1,4,5,5], qi8[4,3,3,3], none) -> qu8[1,3,7,7]", "2700 contraction"},  // 4*3*9*25
    {"quantized::conv_transpose2d_dynamic(f32[1,4,5,5], qi8[4,3,3,3], none) -> f32[1,3,7,7]", "2700 contraction"},
    {"quantized::conv_transpose3d(qu8[1,2,2,2,2], qi8[2,3,2,2,2], none) -> qu8[1,3,3,3,3]",
     "384 contraction"},  // 2*3*8*8
    {"quantized::conv_transpose3d_dynamic(f32[1,2,2,2,2], qi8[2,3,2,2,2], none) -> f32[1,3,3,3,3]",
     "384 contraction"},  // 2*3*8*8
    {"aten::quantized_lstm(f32[3,2,5], f32[1,2,4], f32[1,2,4], f32[16], f32[16], qi8[16,5], f32[16], qi8[16,4], "
     "f32[16]) -> (f32[3,2,4], f32[1,2,4], f32[1,2,4])",
     "864 contraction"},  // 3*2*(16*5+16*4)
    {"aten::quantized_gru(f32[3,2,5], f32[1,2,4], f32[12], f32[12], qi8[12,5], f32[12], qi8[12,4], f32[12]) -> "
     "(f32[3,2,4], f32[1,2,4])",
     "648 contraction"},  // 3*2*(12*5+12*4)
    {"quantized::quantized_lstm_cell_dynamic(f32[2,5], f32[2,4], f32[2,4], qi8[16,5], f32[16], qi8[16,4], f32[16], "
     "f32[16], f32[16]) -> (f32[2,4], f32[2,4])",
     "288 contraction"},  // 2*(16*5+16*4)
    {"quantized::quantized_gru_cell_dynamic(f32[2,5], f32[2,4], qi8[12,5], f32[12], qi8[12,4], f32[12], f32[12], "
     "f32[12]) -> f32[2,4]",
     "216 contraction"},  // 2*(12*5+12*4)
    {"quantized::quantized_rnn_relu_cell_dynamic(f32[2,5], f32[2,4], qi8[4,5], f32[4], qi8[4,4], f32[4], f32[4], "
     "f32[4]) -> f32[2,4]",
     "72 contraction"},  // 2*(4*5+4*4)
    {"quantized::quantized_rnn_tanh_cell_dynamic(f32[2,5], f32[2,4], qi8[4,5], f32[4], qi8[4,4], f32[4], f32[4], "
     "f32[4]) -> f32[2,4]",
     "72 contraction"},  // 2*(4*5+4*4)
    // Sparse and nested tensors: each stored element meets the columns of the other operand, or its rows.
    {"aten::mm(f32[6,5;22], f32[5,4]) -> f32[6,4]", "88 contraction"},  // 22*4
    {"aten::mm(f32[4,6], f32[6,5;22]) -> f32[4,5]", "88 contraction"},  // 22*4
    {"aten::mv(f32[6,5;22], f32[5]) -> f32[6]", "22 contraction"},
    {"aten::bmm(f32[2,5,4;32], f32[2,4,2]) -> f32[2,5,2;16]", "64 contraction"},             // 3*4*2+5*4*2
    {"aten::linear(f32[3,5], f32[6,5;22], f32[6]) -> f32[3,6]", "66 contraction, 18 bias"},  // 3*22; 3*6
    {"aten::linear(f32[2,5,4;32], f32[6,4]) -> f32[2,5,6;48]", "192 contraction"},           // (3+5)*4*6
    {"aten::_sparse_addmm(f32[6,4], f32[6,5;22], f32[5,4]) -> f32[6,4]",
     "88 contraction, 24 elementwise"},  // 22*4; 6*4
    {"aten::sspaddmm(f32[6,4;3], f32[6,5;22], f32[5,4]) -> f32[6,4;20]", "88 contraction, 20 elementwise"},  // 22*4
    {"aten::_sparse_mm_reduce_impl(f32[6,5;22], f32[5,4]) -> (f32[6,4], i64[6,4])", "88 contraction"},       // 22*4
    {"aten::sparse_sampled_addmm(f32[6,5;22], f32[6,3], f32[3,5]) -> f32[6,5;22]", "66 contraction"},        // 22*3
    // Other products.
    {"aten::inner(f32[], f32[2,3]) -> f32[2,3]", "6 elementwise"},                                    // 2*3
    {"aten::_addmm_activation(f32[6], f32[4,5], f32[5,6]) -> f32[4,6]", "120 contraction, 24 bias"},  // 4*5*6; 4*6
    {"aten::_scaled_mm_v2(f8e4m3[4,5], f8e4m3[5,6], f32[4], f32[6], none) -> bf16[4,6]", "120 contraction"},  // 4*5*6
    {"aten::_scaled_grouped_mm_v2(f8e4m3[8,5], f8e4m3[3,5,6], f32[8], f32[3,6], i32[3], none) -> bf16[8,6]",
     "240 contraction"},                                                                   // 8*5*6
    {"aten::cdist(f32[2,4,5], f32[2,6,5]) -> f32[2,4,6]", "240 contraction"},              // 2*4*6*5
    {"aten::_cdist_forward(f32[2,4,5], f32[2,6,5]) -> f32[2,4,6]", "240 contraction"},     // 2*4*6*5
    {"aten::_euclidean_dist(f32[4,5], f32[6,5]) -> f32[4,6]", "120 contraction"},          // 4*6*5
    {"aten::_pdist_forward(f32[4,5]) -> f32[6]", "30 contraction"},                        // 4*3/2 pairs of 5
    {"aten::affine_grid_generator(f32[2,2,3]) -> f32[2,5,7,2]", "420 contraction"},        // 2*5*7*2*3
    {"aten::cudnn_affine_grid_generator(f32[2,2,3]) -> f32[2,5,7,2]", "420 contraction"},  // 2*5*7*2*3
    {"aten::_mps_convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]", "3888 contraction"},  // 4*3*9*36
    {"aten::_nnpack_spatial_convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]",
     "3888 contraction"},  // 4*3*9*36
    {"aten::cudnn_convolution_relu(f32[1,3,8,8], f32[4,3,3,3], f32[4]) -> f32[1,4,6,6]",
     "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"aten::miopen_convolution_relu(f32[1,3,8,8], f32[4,3,3,3], f32[4]) -> f32[1,4,6,6]",
     "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"aten::_mps_convolution_transpose(f32[1,4,5,5], f32[4,3,3,3]) -> f32[1,3,7,7]", "2700 contraction"},  // 4*3*9*25
    {"aten::_flash_attention_forward(f32[1,3,2,4], f32[1,5,2,4], f32[1,5,2,6], none, none) -> (f32[1,3,2,6], "
     "f32[1,2,3])",
     "300 attention, 30 softmax"},  // 2*3*5*(4+6); 2*3*5
    {"aten::_efficient_attention_forward(f32[1,3,2,4], f32[1,5,2,4], f32[1,5,2,6], f32[1,2,3,5], none, none) -> "
     "f32[1,3,2,6]",
     "300 attention, 30 softmax"},  // 2*3*5*(4+6); 2*3*5
    // Solvers and factorisations, by hand for 3 x 3, 2 of them where there is a batch.
    {"aten::linalg_solve_triangular(f32[2,3,3], f32[2,3,5]) -> f32[2,3,5] {unitriangular=false}",
     "30 contraction, 30 elementwise"},  // 2*5*(0+1+2); 2*5*3 divisions
    {"aten::linalg_solve_triangular(f32[3,3], f32[5,3]) -> f32[5,3] {unitriangular=true}",
     "15 contraction"},  // 5*(0+1+2) at the right; no divisions
    {"aten::linalg_solve_triangular(f32[2,3,3], f32[3,1]) -> f32[2,3,1] {unitriangular=true}",
     "6 contraction"},  // 2*(0+1+2), one side for both
    {"aten::triangular_solve(f32[3,5], f32[3,3]) -> (f32[3,5], f32[3,3]) {unitriangular=false}",
     "15 contraction, 15 elementwise"},  // 5*(0+1+2); 5*3
    {"aten::linalg_lu_factor(f32[2,3,3]) -> (f32[2,3,3], i32[2,3])",
     "10 contraction, 6 elementwise"},  // 2*(4+1); 2*(2+1)
    {"aten::linalg_lu_factor_ex(f32[4,2]) -> (f32[4,2], i32[2], i32[])",
     "3 contraction, 5 elementwise"},  // 3*1; columns of 3 and 2
    {"aten::_lu_with_info(f32[2,4]) -> (f32[2,4], i32[2], i32[])", "3 contraction, 1 elementwise"},       // 1*3; 1
    {"aten::linalg_lu(f32[3,3]) -> (f32[3,3], f32[3,3], f32[3,3])", "5 contraction, 3 elementwise"},      // 4+1; 2+1
    {"aten::linalg_lu_solve(f32[3,3], i32[3], f32[3,5]) -> f32[3,5]", "30 contraction, 15 elementwise"},  // 5*2*3; 5*3
    {"aten::lu_solve(f32[3,5], f32[3,3], i32[3]) -> f32[3,5]", "30 contraction, 15 elementwise"},         // 5*2*3; 5*3
    {"aten::linalg_cholesky(f32[2,4,4]) -> f32[2,4,4]", "20 contraction, 20 elementwise"},  // 2*(6+3+1); 2*(6+4 roots)
    {"aten::linalg_cholesky_ex(f32[4,4]) -> (f32[4,4], i32[])", "10 contraction, 10 elementwise"},  // 6+3+1; 6+4
    {"aten::cholesky(f32[1,1]) -> f32[1,1]", "1 elementwise"},                                      // a root
    {"aten::cholesky_solve(f32[3,5], f32[3,3]) -> f32[3,5]", "30 contraction, 30 elementwise"},     // 5*2*3; 5*2*3
    {"aten::cholesky_inverse(f32[3,3]) -> f32[3,3]", "5 contraction, 15 elementwise"},  // POTRI: 3*2*5/6; 3*(9+1)/2
    {"aten::geqrf(f32[4,2]) -> (f32[4,2], f32[2])", "17 contraction, 14 elementwise"},  // 16-8/3+2+5/3; 8+6
    {"aten::linalg_householder_product(f32[4,2], f32[2]) -> f32[4,2]",
     "10 contraction, 4 elementwise"},  // 2*4*2*2-6*4+16/3+4-8+2/3; 16-4-10/3-(4-8+2/3)
    {"aten::orgqr(f32[4,2], f32[2]) -> f32[4,2]", "10 contraction, 4 elementwise"},
    {"aten::ormqr(f32[4,2], f32[2], f32[4,5]) -> f32[4,5] {left=true}",
     "70 contraction, 10 elementwise"},  // 5*2*(2*4+1-2); 5*2
    {"aten::ormqr(f32[4,2], f32[2], f32[5,4]) -> f32[5,4] {left=false}", "70 contraction, 10 elementwise"},
    {"aten::linalg_qr(f32[4,2]) -> (f32[4,2], f32[2,2]) {mode=\"reduced\"}",
     "27 contraction, 18 elementwise"},  // 17+10; 14+4
    {"aten::linalg_qr(f32[4,2]) -> (f32[0], f32[2,2]) {mode=\"r\"}", "17 contraction, 14 elementwise"},
    {"aten::linalg_qr(f32[2,4]) -> (f32[2,2], f32[2,4]) {mode=\"complete\"}",
     "27 contraction, 14 elementwise"},  // 16-8/3+8-2+5/3 and 16-16+16/3+2/3; 8+6 and 0
    {"aten::linalg_lu_factor(f32[2,0,0]) -> (f32[2,0,0], i32[2,0])", "nothing"},
    // Gradients: for the input and for the weight a forward each, for the bias a sum.
    {"aten::convolution_backward(f32[1,4,6,6], f32[1,3,8,8], f32[4,3,3,3]) -> (f32[1,3,8,8], f32[4,3,3,3], f32[4]) "
     "{transposed=false}",
     "7776 contraction, 144 reduction"},  // 2*4*3*9*36; 4*36
    {"aten::convolution_backward(f32[1,3,7,7], f32[1,4,5,5], f32[4,3,3,3]) -> f32[1,4,5,5] {transposed=true}",
     "2700 contraction"},  // 4*3*9*25
    {"aten::convolution_backward_overrideable(f32[1,4,6,6], f32[1,3,8,8], f32[4,3,3,3]) -> f32[1,3,8,8] "
     "{transposed=false}",
     "3888 contraction"},  // 4*3*9*36
    {"aten::_triton_scaled_dot_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 attention, 30 softmax"},  // 2*3*5*(4+4); 2*3*5
    {"flash_attn::_flash_attn_forward(f16[1,3,2,4], f16[1,5,2,4], f16[1,5,2,6]) -> (f16[1,3,2,6], f32[1,2,3])",
     "300 attention, 30 softmax"},  // 2*3*5*(4+6); 2*3*5
    {"aten::_cholesky_solve_helper(f32[3,5], f32[3,3]) -> f32[3,5]", "30 contraction, 30 elementwise"},  // 5*2*3; 5*2*3
    // Fourier transforms: the larger of input and output.
    {"aten::_fft_r2c(f32[2,8]) -> c64[2,5]", "16 elementwise"},                                // 2*8
    {"aten::_fft_c2r(c64[2,5]) -> f32[2,8]", "16 elementwise"},                                // 2*8
    {"aten::_fft_c2c(c64[2,8]) -> c64[2,8]", "16 elementwise"},                                // 2*8
    {"aten::embedding_renorm(f32[10,3], i64[8]) -> f32[10,3]", "24 reduction"},                // 8*3
    {"quantized::embedding_bag_byte(f32[10,3], i64[8], i64[2]) -> f32[2,3]", "24 reduction"},  // 8*3
    {"quantized::embedding_bag_4bit(f32[10,3], i64[8], i64[2]) -> f32[2,3]", "24 reduction"},  // 8*3
    // Boxes and the regions that they cut out of feature maps.
    {"torchvision::nms(f32[7,4], f32[7]) -> i64[3]", "28 reduction"},                                     // 7*4
    {"torchvision::qnms(qi8[7,4], qi8[7]) -> i64[3]", "28 reduction"},                                    // 7*4
    {"torchvision::roi_align(f32[2,3,9,9], f32[5,5]) -> f32[5,3,2,2]", "60 resize"},                      // 5*3*2*2
    {"torchvision::ps_roi_align(f32[2,12,9,9], f32[5,5]) -> (f32[5,3,2,2], i32[5,3,2,2])", "60 resize"},  // 5*3*2*2
    {"torchvision::roi_pool(f32[2,3,9,9], f32[5,5]) -> (f32[5,3,2,2], i32[5,3,2,2])", "60 pool"},         // 5*3*2*2
    {"torchvision::ps_roi_pool(f32[2,12,9,9], f32[5,5]) -> (f32[5,3,2,2], i32[5,3,2,2])", "60 pool"},     // 5*3*2*2
    // Sums of rows.
    {"aten::embedding_bag(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])", "24 reduction"},   // 8*3
    {"aten::_embedding_bag(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])", "24 reduction"},  // 8*3
    {"aten::_embedding_bag_forward_only(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])",
     "24 reduction"},  // 8*3
    // Of ONNX.
    {"onnx::gemm(f32[6,4,3], f32[4,6,5]) -> f32[4,3,5] {transA=true transBatchA=true}", "360 contraction"},  // 4*3*5*6
    {"onnx::gemm(f32[4,3], f32[4,5], f32[5]) -> f32[3,5] {transA=true}", "60 contraction, 15 bias"},  // 3*5*4; 3*5
    {"onnx::gemm(f32[4,3], f32[4,5], f32[3,5]) -> f32[3,5] {transA=true}",
     "60 contraction, 15 elementwise"},  // 3*5*4; 3*5
    {"onnx::nhwc_conv(f32[2,8,8,3], f32[4,3,3,3], f32[4]) -> f32[2,6,6,4]",
     "7776 contraction, 288 bias"},  // 4*3*3*3*2*36; 2*36*4
    {"onnx::rnn(f32[7,2,3], f32[1,16,3], f32[1,16,4], f32[1,32], f32[1,12]) -> f32[7,1,2,4]",
     "1568 contraction, 448 bias, 168 elementwise"},  // 14 steps * (16*3 + 16*4); 14*32; 14*12
    {"onnx::attention(f32[2,5,128], f32[2,7,32], f32[2,7,24], none) -> f32[2,5,96] {heads=8}",
     "15680 attention, 560 softmax"},  // 2*8*5*7*(16+12); 2*8*5*7
    {"onnx::attention(f32[2,8,1,16], f32[2,2,1,16], f32[2,2,1,16], f32[2,2,9,16]) -> f32[2,8,1,16] {heads=0}",
     "5120 attention, 160 softmax"},  // 2*8*1*(9+1)*(16+16); 2*8*10
    {"onnx::attention(f32[2,5,4,3,8]) -> f32[2,5,32] {heads=4}", "3200 attention, 200 softmax"},  // 2*4*5*5*(8+8)
    {"onnx::fused_attention(f32[2,1,16], f32[16,48], f32[48], f32[2,2,4,6,4]) -> f32[2,1,16] {heads=4}",
     "1536 contraction, 448 attention, 96 bias, 56 softmax"},  // 2*16*48 + 2*4*7*(4+4); 2*48; 2*4*7
    {"onnx::group_query_attention(f32[2,1,32], f32[2,2,6,8]) -> f32[2,1,32] {heads=4}",
     "896 attention, 56 softmax"},  // 2*4*1*(6+1)*(8+8); 2*4*7
    {"onnx::group_query_attention(f32[2,1,32], f32[2,2,64,8]) -> (f32[2,1,32], f32[2,2,64,8]) {heads=4}",
     "8192 attention, 512 softmax"},  // a cache of 64: 2*4*1*64*(8+8); 2*4*64
    {"onnx::linear_attention(f32[2,5,32], f32[2,5,16], f32[2,5,24]) -> f32[2,5,48] {q_heads=4 kv_heads=2 delta=false}",
     "5760 attention"},  // 2*5 tokens * 8*12 * (4 + 2)
    {"onnx::linear_attention(f32[2,5,32], f32[2,5,16], f32[2,5,24]) -> f32[2,5,48] {q_heads=4 kv_heads=2 delta=true}",
     "7680 attention"},  // 2*5 * 8*12 * (4 + 2*2)
    {"onnx::fused(f32[2,4]) -> f32[2,4] {contraction=40 attention=30 bias=20 softmax=10}",
     "40 contraction, 30 attention, 20 bias, 10 softmax"},                            // as the loader says
    {"onnx::linear_model(f32[4,3]) -> f32[4,2] {coefficients=6}", "24 contraction"},  // 4*6
    {"onnx::add_bias(f32[2,3], f32[3]) -> f32[2,3]", "6 bias"},                       // 2*3
    {"onnx::activation(f32[2,3]) -> f32[2,3]", "6 activation"},                       // 2*3
    {"onnx::add_bias(f32[2,3], f32[3]) -> f32[2,3]", "6 bias"},                       // 2*3
    {"onnx::elementwise(f32[3]) -> f32[2,3]", "6 elementwise"},                       // 2*3
    {"onnx::norm(f32[2,3]) -> f32[2,3]", "6 norm"},                                   // 2*3
    {"onnx::folded() -> i64[2] {of=\"aten::mul\"}", "nothing"},
    {"onnx::nothing(f32[2,3]) -> f32[6]", "nothing"},
};

/// Operators that one line fits, by name; those of aten without "aten::".
struct Family {
  const char* names;
  const char* tensors;
  const char* work;
};

constexpr Family kFamilies[] = {
    // No arithmetic: views and copies, factories, questions, joins, look-ups.
    {"_cast_Byte _cast_Char _cast_Double _cast_Float _cast_Half _cast_Int _cast_Long _cast_Short _conj "
     "_conj_copy _lazy_clone _neg_view _neg_view_copy _pack_padded_sequence _pad_circular _pad_enum "
     "_pad_packed_sequence _reshape_alias _reshape_alias_copy _reshape_copy _reshape_from_tensor _resize_output "
     "_to_copy _to_cpu _unpack_dual _unsafe_view adjoint alias alias_copy alpha_dropout as_strided "
     "as_strided_copy atleast_1d atleast_2d atleast_3d broadcast_to chalf channel_shuffle chunk clone conj "
     "constant_pad_nd contiguous copy cpu cuda detach detach_copy diag diag_embed diagflat diagonal "
     "diagonal_copy dropout dsplit expand expand_as expand_copy feature_alpha_dropout feature_dropout "
     "fill_diagonal_ flatten flip fliplr flipud hsplit im2col imag lift lift_fresh lift_fresh_copy mH mT "
     "matrix_H moveaxis movedim narrow narrow_copy native_channel_shuffle native_dropout numpy_T pad permute "
     "permute_copy pin_memory pixel_shuffle pixel_unshuffle ravel real reflection_pad1d reflection_pad2d "
     "reflection_pad3d repeat replication_pad1d replication_pad2d replication_pad3d reshape reshape_as resize "
     "resize_as resolve_conj resolve_neg roll rot90 select select_copy set slice slice_copy slice_inverse split "
     "split_copy split_with_sizes split_with_sizes_copy squeeze squeeze_copy swapaxes swapdims t t_copy "
     "tensor_split tile to to_dense transpose transpose_copy tril triu type_as unbind unbind_copy unflatten "
     "unflatten_dense_tensors unfold unfold_copy unsafe_chunk unsafe_split unsafe_split_with_sizes unsqueeze "
     "unsqueeze_copy view view_as view_as_complex view_as_complex_copy view_as_real view_as_real_copy view_copy "
     "vsplit",
     "(f32[2,3]) -> f32[6]", "nothing"},
    {"_efficientzerotensor arange as_tensor bernoulli cauchy empty empty_like empty_permuted empty_strided "
     "exponential eye fill full full_like geometric linspace log_normal logspace multinomial new_empty "
     "new_empty_strided new_full new_ones new_zeros normal normal_functional ones ones_like poisson rand "
     "rand_like randint randint_like randn randn_like random randperm range scalar_tensor tensor tril_indices "
     "triu_indices uniform zero zeros zeros_like",
     "() -> f32[2,3]", "nothing"},
    {"_assert_async _assert_scalar _assert_tensor_metadata _functional_assert_async _functional_assert_scalar "
     "_functional_sym_constrain_range _functional_sym_constrain_range_for_size _fused_sdp_choice "
     "_has_compatible_shallow_copy_type _has_same_storage_numel _is_all_true _is_any_true _is_zerotensor "
     "_local_scalar_dense _shape_as_tensor _version can_cast dense_dim device dim get_device is_complex is_conj "
     "is_contiguous is_floating_point is_inference is_leaf is_neg is_non_overlapping_and_dense is_nonzero "
     "is_pinned is_same_size is_set_to is_signed is_strides_like_format item len numel promote_types "
     "record_stream requires_grad_ result_type retain_grad set_data size storage_offset stride "
     "sym_constrain_range sym_constrain_range_for_size sym_is_contiguous sym_numel sym_size sym_storage_offset "
     "sym_stride",
     "(f32[2,3]) -> ()", "nothing"},
    {"_stack block_diag broadcast_tensors cartesian_prod cat column_stack combinations complex concat "
     "concatenate dstack flatten_dense_tensors hstack meshgrid pad_sequence row_stack stack vstack",
     "(f32[2,3], f32[2,3]) -> f32[4,3]", "nothing"},
    {"_index_put_impl _unsafe_index _unsafe_index_put _unsafe_masked_index argwhere as_strided_scatter "
     "diagonal_scatter embedding gather index index_copy index_fill index_put index_select masked_fill "
     "masked_scatter masked_select max_unpool2d max_unpool3d nonzero nonzero_numpy nonzero_static one_hot put "
     "repeat_interleave scatter select_scatter slice_scatter take take_along_dim where",
     "(f32[10,3], i64[4]) -> f32[4,3]", "nothing"},
    // Elements of the result.
    {"__and__ __iand__ __ilshift__ __ior__ __irshift__ __ixor__ __lshift__ __or__ __rshift__ __xor__ "
     "_conj_physical _masked_scale _unsafe_masked_index_put_accumulate _weight_norm _weight_norm_interface abs "
     "absolute acos acosh add "
     "addcdiv addcmul addr angle arccos arccosh arcsin arcsinh arctan arctan2 arctanh asin asinh atan atan2 "
     "atanh bartlett_window bitwise_and bitwise_left_shift bitwise_not bitwise_or bitwise_right_shift "
     "bitwise_xor blackman_window bucketize ceil clamp clamp_max clamp_min clip conj_physical copysign cos cosh "
     "cross deg2rad digamma div divide eq erf erfc erfinv exp exp2 expm1 fix float_power floor floor_divide "
     "fmax fmin fmod frac gcd ge ger greater greater_equal gt hamming_window hann_window heaviside hypot i0 "
     "igamma igammac index_add index_reduce isclose isfinite isin isinf isnan isneginf isposinf isreal "
     "kaiser_window kron lcm ldexp le lerp less less_equal lgamma log log10 log1p log2 logaddexp logaddexp2 "
     "logical_and logical_not logical_or logical_xor logit lt maximum minimum mul multiply nan_to_num ne neg "
     "negative nextafter not_equal outer polar polygamma positive pow rad2deg reciprocal remainder round rsqrt "
     "rsub scatter_add scatter_reduce searchsorted sgn sign signbit sin sinc sinh sqrt square sub subtract tan "
     "true_divide trunc xlogy",
     "(f32[2,1], f32[3]) -> f32[2,3]", "6 elementwise"},  // 2*3
    {"_prelu_kernel celu elu gelu glu hardshrink hardsigmoid hardswish hardtanh leaky_relu log_sigmoid "
     "log_sigmoid_forward mish prelu relu relu6 rrelu rrelu_with_noise selu sigmoid silu softplus softshrink "
     "tanh threshold",
     "(f32[2,6]) -> f32[2,3]", "6 activation"},  // 2*3; a gated unit halves its input
    {"_adaptive_avg_pool2d _adaptive_avg_pool3d adaptive_avg_pool1d adaptive_avg_pool2d adaptive_avg_pool3d "
     "adaptive_max_pool1d adaptive_max_pool2d adaptive_max_pool3d avg_pool1d avg_pool2d avg_pool3d "
     "fractional_max_pool2d fractional_max_pool3d max_pool1d max_pool1d_with_indices max_pool2d "
     "max_pool2d_with_indices max_pool3d max_pool3d_with_indices mkldnn_adaptive_avg_pool2d mkldnn_max_pool2d "
     "mkldnn_max_pool3d",
     "(f32[2,3,8,8]) -> f32[2,3,4,4]", "96 pool"},  // 2*3*4*4
    {"_upsample_bicubic2d_aa _upsample_bilinear2d_aa _upsample_nearest_exact1d _upsample_nearest_exact2d "
     "_upsample_nearest_exact3d grid_sampler grid_sampler_2d grid_sampler_3d upsample_bicubic2d "
     "upsample_bilinear2d upsample_linear1d upsample_nearest1d upsample_nearest2d upsample_nearest3d "
     "upsample_trilinear3d",
     "(f32[2,3,4,4]) -> f32[2,3,8,8]", "384 resize"},  // 2*3*8*8
    // Elements of the first tensor.
    {"_log_softmax _safe_softmax _softmax log_softmax softmax", "(f32[2,5]) -> f32[2,5]", "10 softmax"},  // 2*5
    {"_batch_norm_impl_index _batch_norm_no_update _batch_norm_with_update _batch_norm_with_update_functional "
     "_fused_rms_norm _native_batch_norm_legit _native_batch_norm_legit_functional "
     "_native_batch_norm_legit_no_training batch_norm cudnn_batch_norm group_norm instance_norm layer_norm "
     "miopen_batch_norm native_batch_norm native_group_norm native_layer_norm rms_norm",
     "(f32[2,3,4,4], f32[3], f32[3]) -> f32[2,3,4,4]", "96 norm"},  // 2*3*4*4
    {"_aminmax _cummax_helper _cummin_helper _logcumsumexp _unique _unique2 all allclose amax amin aminmax any "
     "argmax argmin argsort bincount col2im count_nonzero cummax cummin cumprod cumsum diff equal "
     "frobenius_norm histc kthvalue linalg_norm linalg_vector_norm logcumsumexp logsumexp max mean median min "
     "mode msort nanmean nanmedian nansum norm norm_except_dim prod sort std std_mean sum sum_to_size topk "
     "trace trapezoid trapz unique_consecutive unique_dim unique_dim_consecutive var var_mean",
     "(f32[2,5]) -> f32[2]", "10 reduction"},  // 2*5
    // Backward passes that a forward runs, to differentiate; the primitives below operators; communication; kernels of
    // libraries, whose packed weights are not read.
    {"tanh_backward sigmoid_backward gelu_backward threshold_backward elu_backward glu_backward "
     "hardshrink_backward hardsigmoid_backward hardswish_backward hardtanh_backward leaky_relu_backward "
     "log_sigmoid_backward softplus_backward softshrink_backward silu_backward mish_backward "
     "rrelu_with_noise_backward _prelu_kernel_backward infinitely_differentiable_gelu_backward",
     "(f32[2,3], f32[2,3]) -> f32[2,3]", "6 activation"},  // 2*3
    {"glu_jvp glu_backward_jvp logit_backward native_dropout_backward batch_norm_backward_elemt "
     "_fake_quantize_learnable_per_channel_affine_backward "
     "_fake_quantize_learnable_per_tensor_affine_backward _standard_gamma_grad _dirichlet_grad "
     "_thnn_fused_gru_cell_backward _thnn_fused_lstm_cell_backward_impl _weight_norm_interface_backward "
     "mse_loss_backward smooth_l1_loss_backward huber_loss_backward soft_margin_loss_backward "
     "multi_margin_loss_backward multilabel_margin_loss_backward binary_cross_entropy_backward "
     "nll_loss_backward nll_loss2d_backward reflection_pad1d_backward reflection_pad2d_backward "
     "reflection_pad3d_backward replication_pad1d_backward replication_pad2d_backward "
     "replication_pad3d_backward prims::abs prims::acos prims::acosh prims::add prims::asin prims::asinh "
     "prims::atan prims::atan2 prims::atanh prims::bessel_i0 prims::bessel_i0e prims::bessel_i1 "
     "prims::bessel_i1e prims::bessel_j0 prims::bessel_j1 prims::bitwise_and prims::bitwise_not "
     "prims::bitwise_or prims::bitwise_xor prims::cbrt prims::ceil prims::conj_physical prims::cos "
     "prims::cosh prims::digamma prims::div prims::eq prims::erf prims::erf_inv prims::erfc prims::erfcx "
     "prims::exp prims::exp2 prims::expm1 prims::floor prims::fmax prims::fmin prims::fmod prims::frexp "
     "prims::gcd prims::ge prims::gt prims::hypot prims::igamma prims::igammac prims::isfinite prims::le "
     "prims::lgamma prims::log prims::log10 prims::log1p prims::log2 prims::lt prims::maximum "
     "prims::minimum prims::mul prims::ndtri prims::ne prims::neg prims::nextafter prims::pow "
     "prims::reciprocal prims::remainder prims::round prims::rsqrt prims::shift_left "
     "prims::shift_right_arithmetic prims::sign prims::signbit prims::sin prims::sinh "
     "prims::spherical_bessel_j0 prims::sqrt prims::sub prims::tan prims::tanh prims::trunc prims::zeta "
     "_quantized::add bitsandbytes::dequantize_blockwise bitsandbytes::dequantize_4bit "
     "bitsandbytes::int8_vectorwise_dequant bitsandbytes::int8_mm_dequant quanto::quantize_affine "
     "quanto::quantize_symmetric",
     "(f32[2,3], f32[2,3]) -> f32[2,3]", "6 elementwise"},  // 2*3
    {"_softmax_backward_data _log_softmax_backward_data _masked_softmax_backward "
     "_sparse_softmax_backward_data _sparse_log_softmax_backward_data",
     "(f32[2,5], f32[2,5]) -> f32[2,5]", "10 softmax"},  // 2*5
    {"native_batch_norm_backward native_layer_norm_backward native_group_norm_backward "
     "_fused_rms_norm_backward cudnn_batch_norm_backward miopen_batch_norm_backward batch_norm_backward "
     "batch_norm_backward_reduce batch_norm_update_stats",
     "(f32[2,3,4,4], f32[2,3,4,4]) -> (f32[2,3,4,4], f32[3], f32[3])", "96 norm"},  // 2*3*4*4
    {"_adaptive_avg_pool2d_backward _adaptive_avg_pool3d_backward adaptive_max_pool2d_backward "
     "adaptive_max_pool3d_backward avg_pool2d_backward avg_pool3d_backward fractional_max_pool2d_backward "
     "fractional_max_pool3d_backward max_pool2d_with_indices_backward max_pool3d_with_indices_backward",
     "(f32[2,3,2,2], f32[2,3,4,4]) -> f32[2,3,4,4]", "96 pool"},  // 2*3*4*4
    {"_upsample_bicubic2d_aa_backward _upsample_bilinear2d_aa_backward _upsample_nearest_exact1d_backward "
     "_upsample_nearest_exact2d_backward _upsample_nearest_exact3d_backward upsample_bicubic2d_backward "
     "upsample_bilinear2d_backward upsample_linear1d_backward upsample_nearest1d_backward "
     "upsample_nearest2d_backward upsample_nearest3d_backward upsample_trilinear3d_backward "
     "grid_sampler_2d_backward grid_sampler_3d_backward cudnn_grid_sampler_backward "
     "_grid_sampler_2d_cpu_fallback_backward _upsample_lanczos2d_aa",
     "(f32[2,3,8,8]) -> f32[2,3,4,4]", "96 resize"},  // 2*3*4*4
    {"embedding_dense_backward _embedding_bag_backward _embedding_bag_dense_backward "
     "_embedding_bag_per_sample_weights_backward _segment_reduce_backward _ctc_loss_backward "
     "_sparse_sum_backward prims::amax prims::amin prims::prod prims::sum prims::var prims::xor_sum "
     "bitsandbytes::quantize_blockwise bitsandbytes::quantize_4bit bitsandbytes::int8_vectorwise_quant "
     "bitsandbytes::int8_double_quant",
     "(f32[2,5]) -> f32[2]", "10 reduction"},  // 2*5
    {"select_backward slice_backward diagonal_backward masked_scatter_backward _nested_select_backward "
     "_nested_sum_backward _convert_indices_from_coo_to_csr _convert_indices_from_csr_to_coo "
     "sparse_coo_tensor sparse_csr_tensor sparse_csc_tensor sparse_bsr_tensor sparse_bsc_tensor "
     "indices_copy _indices_copy values_copy _values_copy crow_indices_copy col_indices_copy "
     "ccol_indices_copy row_indices_copy _fw_primal_copy _make_dual_copy _sparse_broadcast_to_copy "
     "_sparse_mask_projection from_file _cudnn_init_dropout_state profiler::_record_function_enter "
     "profiler::_record_function_enter_new profiler::_record_function_exit "
     "profiler::_call_end_callbacks_on_jit_fut export::access_subclass_inner_tensor "
     "inductor::_alloc_from_pool inductor::_reinterpret_tensor inductor::resize_storage_bytes_ "
     "fsdp::all_gather_copy_in fsdp::split_with_sizes_copy fsdp::chunk_cat fsdp::copy_ "
     "_c10d_functional::all_gather_into_tensor _c10d_functional::all_gather_into_tensor_coalesced "
     "_c10d_functional::all_gather_into_tensor_out _c10d_functional::all_reduce "
     "_c10d_functional::all_reduce_coalesced _c10d_functional::all_to_all_single "
     "_c10d_functional::broadcast _c10d_functional::irecv _c10d_functional::isend "
     "_c10d_functional::reduce_scatter_tensor _c10d_functional::reduce_scatter_tensor_coalesced "
     "_c10d_functional::reduce_scatter_tensor_out _c10d_functional::wait_tensor "
     "_c10d_functional_autograd::all_gather_into_tensor _c10d_functional_autograd::all_to_all_single "
     "_c10d_functional_autograd::reduce_scatter_tensor c10d::_allgather_base_ c10d::_reduce_scatter_base_ "
     "c10d::allgather_ c10d::allgather_coalesced_ c10d::allgather_into_tensor_coalesced_ c10d::allreduce_ "
     "c10d::allreduce_coalesced_ c10d::alltoall_ c10d::alltoall_base_ c10d::barrier c10d::broadcast_ "
     "c10d::gather_ c10d::monitored_barrier_ c10d::recv_ c10d::recv_any_source_ c10d::reduce_ "
     "c10d::reduce_scatter_ c10d::reduce_scatter_tensor_coalesced_ c10d::scatter_ c10d::send "
     "_dtensor::shard_dim_alltoall prims::as_strided prims::as_strided_scatter prims::broadcast_in_dim "
     "prims::cat prims::clone prims::collapse prims::collapse_view prims::conj prims::convert_element_type "
     "prims::copy_strided prims::copy_to prims::device_put prims::empty prims::empty_permuted "
     "prims::empty_strided prims::fill prims::full prims::full_like prims::imag prims::iota prims::item "
     "prims::maximum_value prims::minimum_value prims::normal prims::real prims::reshape prims::resize "
     "prims::rev prims::scalar_tensor prims::split_dim prims::squeeze prims::transpose prims::uniform "
     "prims::view_of prims::view_of_dtype prims::where quanto::unpack",
     "(f32[2,3]) -> f32[6]", "nothing"},
    {"prims::fft_c2c prims::fft_c2r prims::fft_r2c", "(f32[2,8]) -> c64[2,5]", "16 elementwise"},  // 2*8
    {"mkldnn::_linear_pointwise mkl::_mkl_linear bitsandbytes::gemm_4bit bitsandbytes::gemv_4bit "
     "bitsandbytes::int8_scaled_mm bitsandbytes::int8_linear_matmul quanto::qbytes_mm quanto::qbits_mm "
     "_quantized::linear _quantized::linear_dynamic _quantized::wrapped_quantized_linear "
     "_quantized::_wrapped_quantized_linear_prepacked _quantized::wrapped_fbgemm_linear_fp16_weight "
     "pyg::segment_matmul bitsandbytes::int8_mixed_scaled_mm",
     "(f32[2,5,64], u8[1024,1]) -> f32[2,5,32]", "20480 contraction"},  // 2*5*64*32
    {"_quantized::conv2d _quantized::conv2d_relu _quantized::conv3d _quantized::conv3d_relu",
     "(qu8[1,3,8,8], qi8[4,3,3,3], f32[4]) -> qu8[1,4,6,6]", "3888 contraction"},  // 4*3*9*36
    {"_quantized::conv_transpose1d _quantized::conv_transpose2d", "(qu8[1,4,5,5], qi8[4,3,3,3], none) -> qu8[1,3,7,7]",
     "2700 contraction"},  // 4*3*9*25
    {"_scaled_dot_product_cudnn_attention_backward _scaled_dot_product_efficient_attention_backward "
     "_scaled_dot_product_flash_attention_backward _scaled_dot_product_flash_attention_for_cpu_backward "
     "_scaled_dot_product_fused_attention_overrideable_backward",
     "(f32[1,2,3,6], f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,6]) -> (f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,6])",
     "720 attention, 30 softmax"},  // 2*3*5*(3*4+2*6); 2*3*5
    // Solvers, 2 of 3 x 3 with 5 right-hand sides: the factors and n (n - 1) for each side.
    {"_linalg_solve_ex linalg_solve linalg_solve_ex", "(f32[2,3,3], f32[2,3,5]) -> f32[2,3,5]",
     "70 contraction, 36 elementwise"},  // 2*(5+5*6); 2*(3+5*3)
    {"_linalg_det _linalg_slogdet det linalg_det linalg_slogdet logdet slogdet", "(f32[2,3,3]) -> f32[2]",
     "10 contraction, 12 elementwise"},  // 2*5; 2*(3+3)
    {"inverse linalg_inv linalg_inv_ex", "(f32[2,3,3]) -> f32[2,3,3]",
     "24 contraction, 42 elementwise"},  // 2*3*4; 2*(3+18)
    // Of sparse, nested and quantized tensors; losses; special functions.
    {"_chunk_cat _coalesced _convert_weight_to_int4pack _convert_weight_to_int4pack_for_cpu _copy_from "
     "_copy_from_and_resize _cudnn_rnn_flatten_weight _dimI _dimV _dyn_quant_pack_4bit_weight "
     "_empty_affine_quantized _empty_per_channel_affine_quantized _fused_dropout _fw_primal _indices "
     "_jagged_to_padded_dense_forward _linalg_check_errors _make_dual _make_per_channel_quantized_tensor "
     "_make_per_tensor_quantized_tensor _mkldnn_reshape _mkldnn_transpose "
     "_nested_compute_contiguous_strides_offsets _nested_from_padded _nested_from_padded_and_nested_example "
     "_nested_from_padded_tensor _nested_get_jagged_dummy _nested_get_lengths _nested_get_max_seqlen "
     "_nested_get_min_seqlen _nested_get_offsets _nested_get_ragged_idx _nested_get_values "
     "_nested_get_values_copy _nested_tensor_from_mask _nested_tensor_from_mask_left_aligned "
     "_nested_tensor_from_tensor_list _nested_tensor_size _nested_tensor_storage_offsets _nested_tensor_strides "
     "_nested_view_from_buffer _nested_view_from_buffer_copy _nested_view_from_jagged "
     "_nested_view_from_jagged_copy _new_zeros_with_same_feature_meta _nnz _padded_dense_to_jagged_forward "
     "_pin_memory _sample_dirichlet _sparse_broadcast_to _sparse_compressed_tensor_with_dims "
     "_sparse_coo_tensor_with_dims _sparse_coo_tensor_with_dims_and_tensors _spdiags _standard_gamma _to_dense "
     "_to_sparse _to_sparse_bsc _to_sparse_bsr _to_sparse_csc _to_sparse_csr _to_sparse_semi_structured "
     "_use_cudnn_ctc_loss _use_miopen_ctc_loss _validate_compressed_sparse_indices _values binomial "
     "ccol_indices col_indices copy_sparse_to_sparse crow_indices element_size empty_quantized fft_fftfreq "
     "fft_rfftfreq indices int_repr is_coalesced lu_unpack mkldnn_reorder_conv2d_weight "
     "mkldnn_reorder_conv3d_weight q_per_channel_axis q_per_channel_scales q_per_channel_zero_points q_scale "
     "q_zero_point qscheme quantized::cat quantized::dropout quantized::embedding_4bit "
     "quantized::embedding_byte resize_as_sparse row_indices safetensors::tensor sparse_compressed_tensor sparse_dim "
     "sparse_mask "
     "sparse_resize sparse_resize_and_clear to_mkldnn to_padded_tensor values",
     "(f32[2,3]) -> f32[6]", "nothing"},
    {"_add_relu _fake_quantize_learnable_per_channel_affine _fake_quantize_learnable_per_tensor_affine "
     "_fake_quantize_per_tensor_affine_cachemask_tensor_qparams _fused_moving_avg_obs_fq_helper "
     "_fused_moving_avg_obs_fq_helper_functional _transform_bias_rescale_qkv dequantize "
     "fake_quantize_per_channel_affine_cachemask fake_quantize_per_tensor_affine_cachemask frexp linalg_cross "
     "modf mvlgamma quantize_per_channel quantize_per_tensor quantize_per_tensor_dynamic quantized::add "
     "quantized::add_relu quantized::add_scalar quantized::add_scalar_relu quantized::clamp quantized::mul "
     "quantized::mul_relu quantized::mul_scalar quantized::mul_scalar_relu "
     "quantized_decomposed::convert_element_type quantized_decomposed::dequantize_per_channel "
     "quantized_decomposed::dequantize_per_channel_group quantized_decomposed::dequantize_per_tensor "
     "quantized_decomposed::dequantize_per_token quantized_decomposed::fake_quant_per_channel "
     "quantized_decomposed::quantize_per_channel quantized_decomposed::quantize_per_channel_group "
     "quantized_decomposed::quantize_per_tensor quantized_decomposed::quantize_per_token special_airy_ai "
     "special_bessel_j0 special_bessel_j1 special_bessel_y0 special_bessel_y1 special_chebyshev_polynomial_t "
     "special_chebyshev_polynomial_u special_chebyshev_polynomial_v special_chebyshev_polynomial_w special_entr "
     "special_erfcx special_hermite_polynomial_h special_hermite_polynomial_he special_i0e special_i1 "
     "special_i1e special_laguerre_polynomial_l special_legendre_polynomial_p special_log_ndtr "
     "special_modified_bessel_i0 special_modified_bessel_i1 special_modified_bessel_k0 "
     "special_modified_bessel_k1 special_ndtri special_scaled_modified_bessel_k0 "
     "special_scaled_modified_bessel_k1 special_shifted_chebyshev_polynomial_t "
     "special_shifted_chebyshev_polynomial_u special_shifted_chebyshev_polynomial_v "
     "special_shifted_chebyshev_polynomial_w special_spherical_bessel_j0 special_xlog1py special_zeta",
     "(f32[2,3]) -> f32[2,3]", "6 elementwise"},  // 2*3
    {"quantized::celu quantized::elu quantized::hardswish quantized::leaky_relu quantized::prelu "
     "quantized::relu6 quantized::sigmoid quantized::threshold rrelu_with_noise_functional",
     "(f32[2,3]) -> f32[2,3]", "6 activation"},  // 2*3
    {"_masked_softmax _nested_tensor_softmax_with_shape _sparse_log_softmax _sparse_softmax quantized::softmax",
     "(f32[2,5]) -> f32[2,5]", "10 softmax"},  // 2*5
    {"batch_norm_elemt batch_norm_gather_stats batch_norm_gather_stats_with_counts batch_norm_stats "
     "quantized::batch_norm quantized::batch_norm1d quantized::batch_norm1d_relu quantized::batch_norm2d "
     "quantized::batch_norm2d_relu quantized::batch_norm3d quantized::batch_norm3d_relu "
     "quantized::batch_norm_relu quantized::group_norm quantized::instance_norm quantized::layer_norm "
     "quantized_batch_norm renorm",
     "(f32[2,3,4,4], f32[3], f32[3]) -> f32[2,3,4,4]", "96 norm"},  // 2*3*4*4
    {"quantized::max_pool1d quantized::max_pool2d quantized_max_pool1d quantized_max_pool2d "
     "quantized_max_pool3d",
     "(f32[2,3,8,8]) -> f32[2,3,4,4]", "96 pool"},                                                         // 2*3*4*4
    {"_grid_sampler_2d_cpu_fallback cudnn_grid_sampler", "(f32[2,3,4,4]) -> f32[2,3,8,8]", "384 resize"},  // 2*3*8*8
    {"_coalesce _ctc_loss _cudnn_ctc_loss _histogramdd_bin_edges _histogramdd_from_bin_cts "
     "_histogramdd_from_bin_tensors _sparse_csr_prod _sparse_csr_sum binary_cross_entropy "
     "binary_cross_entropy_with_logits dist hash_tensor histogram huber_loss linalg__powsum mse_loss "
     "multi_margin_loss multilabel_margin_loss_forward native_norm nll_loss2d_forward nll_loss_forward "
     "quantized_decomposed::choose_qparams quantized_decomposed::choose_qparams_per_token "
     "quantized_decomposed::choose_qparams_per_token_asymmetric quantized_decomposed::choose_qparams_symmetric "
     "segment_reduce smooth_l1_loss soft_margin_loss unfold_backward",
     "(f32[2,5]) -> f32[2]", "10 reduction"},  // 2*5
};

std::string text(const Work& work) {
  std::string text;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (work.by_kind[kind] == 0) continue;
    text +=
        (text.empty() ? "" : ", ") + std::to_string(work.by_kind[kind].value()) + " " + std::string(kKindNames[kind]);
  }
  return text.empty() ? "nothing" : text;
}

std::string work_of(const std::string& line) {
  const Trace trace = parse_op(line);
  const Rule* rule = find_rule(trace.op_name(trace.ops.front()));
  return rule ? text(rule->formula({trace, trace.ops.front()})) : "no rule";
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string qualified(const std::string& name) { return name.find("::") == std::string::npos ? "aten::" + name : name; }

std::string error_of(const std::string& line) {
  try {
    return work_of(line);
  } catch (const Error& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("operators do the work that a hand calculation gives") {
  for (const Case& row : kCases) CHECK_MESSAGE(work_of(row.op) == row.work, std::string(row.op));
}

TEST_CASE("operators of one family do the same work") {
  for (const Family& family : kFamilies) {
    for (const std::string& name : words(family.names)) {
      const std::string line = qualified(name) + family.tensors;
      CHECK_MESSAGE(work_of(line) == family.work, line);
    }
  }
}

TEST_CASE("a formula counts the kinds of work that it says, and no others") {
  std::map<const Formula*, std::set<Kind>> computed;
  const auto add = [&](const std::string& line) {
    const Trace trace = parse_op(line);
    const Formula& formula = find_rule(trace.op_name(trace.ops.front()))->formula;
    const Work work = formula({trace, trace.ops.front()});
    std::set<Kind>& kinds = computed[&formula];
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (work.by_kind[kind] != 0) kinds.insert(static_cast<Kind>(kind));
    }
  };
  for (const Case& row : kCases) add(row.op);
  for (const Family& family : kFamilies) {
    for (const std::string& name : words(family.names)) add(qualified(name) + family.tensors);
  }
  for (const Rule& rule : rules()) {
    std::set<Kind> said;
    for (const Counted& counted : rule.formula.kinds()) said.insert(counted.kind);
    CHECK_MESSAGE(computed[&rule.formula] == said, rule.name);
  }
}

TEST_CASE("of a sparse tensor only the stored elements count") {
  CHECK(work_of("aten::relu(f32[6,5;22]) -> f32[6,5;22]") == "22 activation");
  CHECK(work_of("aten::sum(f32[6,5;22]) -> f32[]") == "22 reduction");
}

TEST_CASE("parts of nested tensors meet those of the same number") {
  constexpr Case kNested[] = {
      // 2 heads of 4 features: 2*4 * 2*(3*3 + 5*5), and 2*(9 + 25) scores
      {"aten::scaled_dot_product_attention(f32[2,2,5,4;64], f32[2,2,5,4;64], f32[2,2,5,4;64]) -> f32[2,2,5,4;64] "
       "{parts0=[2,3,4,2,5,4] parts1=[2,3,4,2,5,4] parts2=[2,3,4,2,5,4]}",
       "544 attention, 68 softmax"},
      // 3*7*(4+6) + 5*1*(4+6): queries of 3 and 5, keys of 7 and 1, values of 6 features
      {"aten::_scaled_dot_product_attention_math(f32[2,1,5,4;32], f32[2,1,7,4;32], f32[2,1,7,6;48]) -> "
       "(f32[2,1,5,6;48], f32[2,1,5,7;26]) {parts0=[1,3,4,1,5,4] parts1=[1,7,4,1,1,4] parts2=[1,7,6,1,1,6]}",
       "260 attention, 26 softmax"},
      // plain queries: 2 sequences of 5 meet 7 and 1 keys: 5*7*8 + 5*1*8
      {"aten::scaled_dot_product_attention(f32[2,1,5,4], f32[2,1,7,4;32], f32[2,1,7,4;32]) -> f32[2,1,5,4] "
       "{parts1=[1,7,4,1,1,4] parts2=[1,7,4,1,1,4]}",
       "320 attention, 40 softmax"},
      {"aten::matmul(f32[2,5,8;64], f32[2,8,4;48]) -> f32[2,5,4;22] {parts0=[3,8,5,8] parts1=[8,4,8,2]}",
       "176 contraction"},  // 3*8*4 + 5*8*2
  };
  for (const Case& row : kNested) CHECK_MESSAGE(work_of(row.op) == row.work, std::string(row.op));
  CHECK(error_of("aten::scaled_dot_product_attention(f32[2,1,5,4;32], f32[2,1,5,4;32], f32[2,1,5,4;32]) -> f32[]") ==
        "the sizes of the parts of a nested tensor are data");
}

TEST_CASE("every rule has a test, and every test its rule") {
  std::set<std::string> tested;
  for (const Case& row : kCases) tested.insert(std::string(row.op).substr(0, std::string(row.op).find('(')));
  for (const Family& family : kFamilies) {
    for (const std::string& name : words(family.names)) CHECK_MESSAGE(tested.insert(qualified(name)).second, name);
  }
  std::set<std::string> known;
  for (const Rule& rule : rules()) known.emplace(rule.name);
  for (const std::string& name : known) CHECK_MESSAGE(tested.count(name), name);
  for (const std::string& name : tested) CHECK_MESSAGE(known.count(name), name);
}

TEST_CASE("memory without values comes from what is called empty") {
  for (const Rule& rule : rules()) {
    const std::string_view name = rule.name.substr(rule.name.find("::") + 2);
    const bool empty = name.starts_with("empty") || name.starts_with("new_empty") || name.starts_with("_empty");
    CHECK_MESSAGE((rule.memory == Memory::unwritten) == empty, std::string(rule.name));
  }
  CHECK(find_rule("aten::rrelu_with_noise_")->memory == Memory::fills_input);
}

TEST_CASE("an operator in place has the rule of its plain form") {
  CHECK(find_rule("aten::relu_") == find_rule("aten::relu"));
  CHECK(find_rule("aten::__iand__")->name == "aten::__iand__");
  CHECK(find_rule("aten::requires_grad_")->name == "aten::requires_grad_");
  for (const char* name : {"aten::relu__", "aten::_", "_", "", "aten::", "relu", "aten::no_such_operator_", "zzz::a"}) {
    CHECK_MESSAGE(find_rule(name) == nullptr, name);
  }
}

TEST_CASE("formulas name what does not fit") {
  constexpr Case kErrors[] = {
      {"aten::mm(f32[4,5]) -> f32[4,6]", "tensor argument 2 is missing"},
      {"aten::conv2d(f32[1,3,8,8], none) -> f32[1,4,6,6]", "tensor argument 2 is missing"},
      {"aten::relu(f32[1]) -> ()", "result 1 is missing"},
      {"aten::mm(f32[4,5], f32[7,6]) -> f32[4,6]", "inner sizes differ: 5 and 7"},
      {"aten::mm(f32[], f32[7,6]) -> f32[4,6]", "needs a tensor of 1 or more dimensions, not of 0"},
      {"aten::conv2d(f32[1,3,8,8], f32[4,3]) -> f32[1,4,6,6]", "weight of 2 dimensions does not fit a tensor of 4"},
      {"aten::convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]", "needs the attribute 'transposed'"},
      {"aten::convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6] {transposed=1}",
       "attribute 'transposed' is of the wrong type"},
      {"aten::mm(f32[4,5;9], f32[5,6;9]) -> f32[4,6;30]", "two operands are sparse or nested"},
      {"aten::linear(f32[4,5;9], f32[6,5;9]) -> f32[4,6]", "two operands are sparse or nested"},
      {"aten::_flash_attention_forward(f32[6,2,4], f32[6,2,4], f32[6,2,4], i32[3], i32[3]) -> f32[6,2,4]",
       "the lengths of the sequences are data"},
      {"aten::einsum(f32[2,3], f32[3,5]) -> f32[2,5]", "needs the attribute 'equation'"},
      {"aten::einsum(f32[2,3], f32[4,5]) -> f32[2,5] {equation=\"ij,jk->ik\"}",
       "equation 'ij,jk->ik': sizes of one subscript differ"},
      {"aten::einsum(f32[2,3]) -> f32[2,5] {equation=\"ij,jk->ik\"}",
       "equation 'ij,jk->ik': the number of operands differs"},
      {"aten::einsum(f32[2,3,4]) -> f32[2] {equation=\"ij->i\"}",
       "equation 'ij->i': 'ij' does not fit a tensor of 3 dimensions"},
      {"aten::einsum(f32[2]) -> f32[2] {equation=\"1->1\"}",
       "equation '1->1': letters, one ellipsis, ',' and '->' are understood"},
      {"aten::einsum(f32[2], f32[2]) -> f32[] {equation=\"i,i->\" path=[0,7]}",
       "path names an operand that is used up"},
      {"aten::einsum(f32[2], f32[2]) -> f32[] {equation=\"i,i->\" path=[0]}", "path has the wrong length"},
      {"aten::tensordot(f32[2], f32[2]) -> f32[] {dims_self=[1]}",
       "dims_self names a dimension that the tensor does not have"},
      {"aten::_trilinear(f32[2], f32[2], f32[2]) -> f32[2] {expand1=[9] expand2=[] expand3=[]}",
       "an expanded dimension is out of range"},
      {"aten::mm(f32[4294967296,4294967296], f32[4294967296,1]) -> f32[4294967296,1]",
       "the count exceeds 2^64: check the shapes, or profile a part of the model"},  // 2^32 * 2^32
  };
  for (const Case& row : kErrors) CHECK_MESSAGE(error_of(row.op) == row.work, std::string(row.op));
}

}  // namespace thoplw
