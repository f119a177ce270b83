// Tests of the operator rules: one row per operator, with its arithmetic, and a walk that finds rules without one.
#include <doctest/doctest.h>

#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "cost/rule.h"
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
    {"aten::_grouped_mm(bf16[8,5], bf16[3,5,6], i32[3]) -> bf16[8,6]", "240 contraction"},  // 8 rows, each 5*6
    {"aten::_grouped_mm(bf16[3,4,5], bf16[5,8], i32[3]) -> bf16[4,8]", "160 contraction"},  // 8 columns, each 4*5
    {"aten::_grouped_mm(bf16[3,4,5], bf16[3,5,6]) -> bf16[3,4,6]", "360 contraction"},      // 3*4*5*6
    {"aten::_grouped_mm(bf16[4,9], bf16[9,6], i32[3]) -> bf16[3,4,6]",
     "216 contraction"},  // 9 parted by 3 groups: 4*9*6
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
     "5600 contraction, 560 softmax"},  // 2*8*5*7*(4+6); 2*8*5*7
    {"aten::scaled_dot_product_attention(f32[2,8,5,4], f32[2,2,7,4], f32[2,2,7,4], none) -> f32[2,8,5,4]",
     "4480 contraction, 560 softmax"},  // 2*8*5*7*(4+4)
    {"aten::_scaled_dot_product_attention_math(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> (f32[1,2,3,4], "
     "f32[1,2,3,5])",
     "240 contraction, 30 softmax"},  // 2*3*5*(4+4); 2*3*5
    {"aten::_scaled_dot_product_attention_math_for_mps(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 contraction, 30 softmax"},
    {"aten::_scaled_dot_product_cudnn_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4]",
     "240 contraction, 30 softmax"},
    {"aten::_scaled_dot_product_efficient_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4], none) -> f32[1,2,3,4]",
     "240 contraction, 30 softmax"},
    {"aten::_scaled_dot_product_flash_attention(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> (f32[1,2,3,4], "
     "f32[1,2,3])",
     "240 contraction, 30 softmax"},
    {"aten::_scaled_dot_product_flash_attention_for_cpu(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 contraction, 30 softmax"},
    {"aten::_scaled_dot_product_fused_attention_overrideable(f32[1,2,3,4], f32[1,2,5,4], f32[1,2,5,4]) -> f32[1,2,3,4]",
     "240 contraction, 30 softmax"},
    {"aten::_native_multi_head_attention(f32[2,5,4], f32[2,5,4], f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4]) -> "
     "(f32[2,5,4], none)",
     "1040 contraction, 160 bias"},  // 4 projections of 2*5*4*4, 2 products of 2*5*5*4; 4*2*5*4
    {"aten::_transformer_encoder_layer_fwd(f32[2,5,4], f32[12,4], f32[12], f32[4,4], f32[4], f32[4], f32[4], f32[4], "
     "f32[4], "
     "f32[6,4], f32[6], f32[4,6], f32[4], none) -> f32[2,5,4]",
     "1520 contraction, 260 bias, 80 norm, 60 activation"},  // 1040+2*5*(24+24); 160+2*5*(6+4); 2*2*5*4; 2*5*6
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
    // Sums of rows.
    {"aten::embedding_bag(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])", "24 reduction"},   // 8*3
    {"aten::_embedding_bag(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])", "24 reduction"},  // 8*3
    {"aten::_embedding_bag_forward_only(f32[10,3], i64[8], i64[2]) -> (f32[2,3], i64[8], i64[2], i64[2])",
     "24 reduction"},  // 8*3
};

/// Operators that one line fits, by name without "aten::".
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
  return rule ? text(rule->work({trace, trace.ops.front()})) : "no rule";
}

std::vector<std::string> words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

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
      const std::string line = "aten::" + name + family.tensors;
      CHECK_MESSAGE(work_of(line) == family.work, line);
    }
  }
}

TEST_CASE("every rule has a test, and every test its rule") {
  std::set<std::string> tested;
  for (const Case& row : kCases) tested.insert(std::string(row.op).substr(0, std::string(row.op).find('(')));
  for (const Family& family : kFamilies) {
    for (const std::string& name : words(family.names)) CHECK_MESSAGE(tested.insert("aten::" + name).second, name);
  }
  std::set<std::string> known;
  for (const Rule& rule : rules()) known.emplace(rule.name);
  for (const std::string& name : known) CHECK_MESSAGE(tested.count(name), name);
  for (const std::string& name : tested) CHECK_MESSAGE(known.count(name), name);
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
      {"aten::mm(f32[], f32[7,6]) -> f32[4,6]", "a tensor of 1 or more dimensions is needed, this has 0"},
      {"aten::conv2d(f32[1,3,8,8], f32[4,3]) -> f32[1,4,6,6]", "weight of 2 dimensions does not fit a tensor of 4"},
      {"aten::convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6]", "needs the attribute 'transposed'"},
      {"aten::convolution(f32[1,3,8,8], f32[4,3,3,3], none) -> f32[1,4,6,6] {transposed=1}",
       "attribute 'transposed' is of the wrong type"},
      {"aten::einsum(f32[2,3], f32[3,5]) -> f32[2,5]", "needs the attribute 'equation'"},
      {"aten::einsum(f32[2,3], f32[4,5]) -> f32[2,5] {equation=\"ij,jk->ik\"}",
       "equation 'ij,jk->ik': sizes of one subscript differ"},
      {"aten::einsum(f32[2,3]) -> f32[2,5] {equation=\"ij,jk->ik\"}",
       "equation 'ij,jk->ik': the number of operands differs"},
      {"aten::einsum(f32[2,3,4]) -> f32[2] {equation=\"ij->i\"}",
       "equation 'ij->i': 'ij' does not fit a tensor of 3 dimensions"},
      {"aten::einsum(f32[2]) -> f32[2] {equation=\"1->1\"}",
       "equation '1->1': letters, one ellipsis, ',' and '->' are understood"},
      {"aten::einsum(f32[2], f32[2]) -> f32[] {equation=\"i,i->\" path=[0,7]}", "path names an operand that is gone"},
      {"aten::einsum(f32[2], f32[2]) -> f32[] {equation=\"i,i->\" path=[0]}", "path has the wrong length"},
      {"aten::tensordot(f32[2], f32[2]) -> f32[] {dims_self=[1]}", "dims_self names a dimension that the tensor lacks"},
      {"aten::_trilinear(f32[2], f32[2], f32[2]) -> f32[2] {expand1=[9] expand2=[] expand3=[]}",
       "an expanded dimension is out of range"},
      {"aten::mm(f32[4294967296,4294967296], f32[4294967296,1]) -> f32[4294967296,1]",
       "the count exceeds 2^64: check the shapes, or profile a part of the model"},  // 2^32 * 2^32
  };
  for (const Case& row : kErrors) CHECK_MESSAGE(error_of(row.op) == row.work, std::string(row.op));
}

}  // namespace thoplw
