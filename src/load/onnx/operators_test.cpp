// Tests of the ONNX operators: one row each, with sizes, followed elements and work, and a walk that finds those
// without.
#include <doctest/doctest.h>

#include <cmath>
#include <deque>
#include <iterator>
#include <limits>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "load/onnx/operators.h"
#include "operators/rule.h"
#include "trace/cursor.h"

namespace thoplw::onnx {
namespace {

/// "Conv(f32[1,3,8,8], f32[4,3,3,3]) {group=1}": sizes may be -1, f32? has no known rank, i64[2]=[3,?] has elements.
struct Case {
  const char* node;
  const char* out;   ///< likewise
  const char* work;  ///< "" where the sizes do not tell it
  std::int64_t opset = 28;
};

struct Family {
  const char* names;
  const char* in;
  const char* out;
  const char* work;
  std::int64_t opset = 28;
};

constexpr Case kCases[] = {
    // Contractions. Convolutions: weight elements once per position of the result, or of the input if transposed.
    {"Conv(f32[2,3,10], f32[4,3,3], f32[4])", "f32[2,4,8]", "576 contraction, 64 bias"},  // 4*3*3*2*8; 2*4*8
    {"Conv(f32[1,4,8,8], f32[6,2,3,3]) {group=2 pads=[1,1,1,1]}", "f32[1,6,8,8]", "6912 contraction"},  // 6*2*9*64
    {"Conv(f32[1,3,9,9], f32[4,3,3,3]) {strides=[2,2] dilations=[2,2]}", "f32[1,4,3,3]", "972 contraction"},  // 108*9
    {"Conv(f32[1,3,7,7], f32[4,3,3,3]) {strides=[2,2] auto_pad=\"SAME_UPPER\"}", "f32[1,4,4,4]",
     "1728 contraction"},  // 4*3*9*16
    {"Conv(f32[1,3,7,7], f32[4,3,3,3]) {strides=[2,2] auto_pad=\"VALID\"}", "f32[1,4,3,3]",
     "972 contraction"},                                                             // 108*9
    {"Conv(f32[1,2,4,4,4], f32[3,2,2,2,2])", "f32[1,3,3,3,3]", "1296 contraction"},  // 48*27
    {"Conv(f32[-1,3,8,-1], f32[4,3,3,3])", "f32[-1,4,6,-1]", ""},
    {"ConvInteger(u8[1,3,8,8], u8[4,3,3,3], u8[])", "i32[1,4,6,6]", "3888 contraction"},  // 4*3*9*36
    {"QLinearConv(u8[1,3,8,8], f32[], u8[], i8[4,3,3,3], f32[4], i8[4], f32[], u8[], i32[4])", "u8[1,4,6,6]",
     "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"com.microsoft::QLinearConv(u8[1,8,8,3], f32[], u8[], i8[4,3,3,3], f32[], i8[], f32[], u8[]) {channels_last=1}",
     "u8[1,6,6,4]", "3888 contraction"},  // 4*3*9*36
    {"com.microsoft::FusedConv(f32[1,3,8,8], f32[4,3,3,3], f32[4], f32[1,4,6,6])", "f32[1,4,6,6]",
     "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"com.microsoft::NhwcConv(f32[2,8,8,3], f32[4,3,3,3], f32[4])", "f32[2,6,6,4]",
     "7776 contraction, 288 bias"},  // 4*3*9*2*36; 2*36*4
    {"com.microsoft::NhwcFusedConv(f32[2,8,8,3], f32[4,3,3,3])", "f32[2,6,6,4]", "7776 contraction"},  // 4*3*9*2*36
    {"DeformConv(f32[2,4,8,8], f32[6,2,3,3], f32[2,18,6,6], f32[6], f32[2,9,6,6]) {group=2}", "f32[2,6,6,6]",
     "7776 contraction, 432 bias"},  // 6*2*9*2*36; 2*6*36
    {"ConvTranspose(f32[1,4,5,5], f32[4,3,3,3], f32[6]) {group=2 strides=[2,2] pads=[1,1,1,1] output_padding=[1,1]}",
     "f32[1,6,10,10]", "2700 contraction, 600 bias"},  // 4*3*9*25; 6*100
    {"ConvTranspose(f32[1,4,5,5], f32[4,3,3,3]) {strides=[2,2] auto_pad=\"SAME_UPPER\"}", "f32[1,3,10,10]",
     "2700 contraction"},  // 4*3*9*25
    {"ConvTranspose(f32[1,4,5,5], f32[4,3,3,3]) {strides=[3,2] output_shape=[15,12]}", "f32[1,3,15,12]",
     "2700 contraction"},  // 4*3*9*25
    {"CausalConvWithState(f32[2,6,10], f32[6,1,4], f32[6]) -> 2", "f32[2,6,10], f32[2,6,3]",
     "480 contraction, 120 bias"},  // 6*4*2*10; 2*6*10
    // Matrix products: elements of the result times the inner size.
    {"MatMul(f32[2,3,4], f32[4,5])", "f32[2,3,5]", "120 contraction"},        // 2*3*5*4
    {"MatMul(f32[4], f32[4])", "f32[]", "4 contraction"},                     // 4
    {"MatMul(f32[4], f32[7,4,5])", "f32[7,5]", "140 contraction"},            // 7*5*4
    {"MatMul(f32[7,3,4], f32[4])", "f32[7,3]", "84 contraction"},             // 7*3*4
    {"MatMul(f32[2,1,3,4], f32[6,4,5])", "f32[2,6,3,5]", "720 contraction"},  // 2*6*3*5*4
    {"MatMul(f32[-1,3,4], f32[4,5])", "f32[-1,3,5]", ""},
    {"MatMulInteger(u8[3,4], i8[4,5], u8[])", "i32[3,5]", "60 contraction"},                                  // 3*5*4
    {"QLinearMatMul(u8[3,4], f32[], u8[], i8[4,5], f32[], i8[], f32[], u8[])", "u8[3,5]", "60 contraction"},  // 3*5*4
    {"Gemm(f32[3,4], f32[4,5], f32[5])", "f32[3,5]", "60 contraction, 15 bias"},                      // 3*5*4; 3*5
    {"Gemm(f32[3,4], f32[5,4], f32[5]) {transB=1}", "f32[3,5]", "60 contraction, 15 bias"},           // 3*5*4; 3*5
    {"Gemm(f32[4,3], f32[5,4], f32[5]) {transA=1 transB=1}", "f32[3,5]", "60 contraction, 15 bias"},  // 3*5*4; 3*5
    {"Gemm(f32[4,3], f32[4,5], f32[3,5]) {transA=1}", "f32[3,5]", "60 contraction, 15 elementwise"},  // 3*5*4; 3*5
    {"Gemm(f32[3,4], f32[4,5])", "f32[3,5]", "60 contraction"},                                       // 3*5*4
    {"com.microsoft::FusedGemm(f32[3,4], f32[5,4], f32[5]) {transB=1}", "f32[3,5]", "60 contraction, 15 bias"},
    {"com.microsoft::QGemm(u8[3,4], f32[], u8[], i8[5,4], f32[], i8[], i32[5], f32[], u8[]) {transB=1}", "u8[3,5]",
     "60 contraction, 15 bias"},  // 3*5*4; 3*5
    {"com.microsoft::FusedMatMul(f32[2,4,3], f32[2,5,4]) {transA=1 transB=1}", "f32[2,3,5]",
     "120 contraction"},  // 2*3*5*4
    // With transBatch... the first dimension and those of the batch change places: a is [4,3,6] or [6,4,3] in all.
    {"com.microsoft::FusedMatMul(f32[6,4,3], f32[4,6,5]) {transA=1 transBatchA=1}", "f32[4,3,5]",
     "360 contraction"},  // 4*3*5 * 6
    {"com.microsoft::FusedMatMul(f32[3,4,6], f32[4,6,5]) {transBatchA=1}", "f32[4,3,5]", "360 contraction"},
    {"com.microsoft::FusedMatMul(f32[4,3,6], f32[5,4,6]) {transB=1 transBatchB=1}", "f32[4,3,5]", "360 contraction"},
    {"com.microsoft::FusedMatMul(f32[6,2,7,3], f32[6,2,7,5]) {transA=1 transBatchA=1 transBatchB=1}", "f32[2,7,3,5]",
     "1260 contraction"},                                                                         // 2*7*3*5 * 6
    {"com.microsoft::FusedMatMul(f32[4], f32[4,5]) {transA=1}", "f32[5]", "20 contraction"},      // a vector stays one
    {"com.microsoft::TransposeMatMul(f32[2,3,4], f32[2,4,5])", "f32[2,3,5]", "120 contraction"},  // 2*3*5*4
    {"com.microsoft::FusedMatMulActivation(f32[2,3,4], f32[2,4,5])", "f32[2,3,5]", "120 contraction"},  // 2*3*5*4
    {"com.microsoft::GemmFastGelu(f32[2,3,4], f32[4,5], f32[5])", "f32[2,3,5]", "120 contraction"},     // 2*3*5*4
    {"com.microsoft::DynamicQuantizeMatMul(f32[3,4], i8[4,5], f32[5], i8[5])", "f32[3,5]", "60 contraction"},
    {"com.microsoft::MatMulIntegerToFloat(u8[3,4], i8[4,5], f32[], f32[5])", "f32[3,5]", "60 contraction"},  // 3*5*4
    {"com.microsoft::MatMulInteger16(i16[3,4], i16[4,5])", "i32[3,5]", "60 contraction"},                    // 3*5*4
    {"com.microsoft::MatMulNBits(f32[2,3,64], u8[48,2,16], f32[96]) {K=64 N=48 bits=4 block_size=32}", "f32[2,3,48]",
     "18432 contraction"},  // 2*3*64*48
    {"com.microsoft::MatMulBnb4(f32[3,64], u8[1536], f32[48]) {K=64 N=48}", "f32[3,48]",
     "9216 contraction"},                                                                            // 3*64*48
    {"com.microsoft::CDist(f32[3,4], f32[5,4])", "f32[3,5]", "60 contraction"},                      // 3*5*4
    {"Einsum(f32[2,3,4], f32[4,5]) {equation=\"bij,jk->bik\"}", "f32[2,3,5]", "120 contraction"},    // 2*3*4*5
    {"Einsum(f32[2,3,4], f32[2,4,5]) {equation=\"...ij,...jk\"}", "f32[2,3,5]", "120 contraction"},  // 2*3*4*5
    {"Einsum(f32[3,3]) {equation=\"ii->i\"}", "f32[3]", "nothing"},
    {"Einsum(f32[4,3]) {equation=\"ba\"}", "f32[3,4]", "nothing"},
    {"Einsum(f32[-1,3], f32[3,5]) {equation=\"ij,jk->ki\"}", "f32[5,-1]", ""},
    {"AffineGrid(f32[2,2,3], i64[4]=[2,3,4,5])", "f32[2,4,5,2]", "240 contraction"},  // 2*4*5 * 2*3
    {"ai.onnx.ml::LinearRegressor(f32[4,3]) {coefficients=[1.5,2.5,3.5,1.5,2.5,3.5] targets=2}", "f32[4,2]",
     "24 contraction"},  // 4*6
    {"ai.onnx.ml::LinearClassifier(f32[4,3]) -> 2 {coefficients=[1.5,2.5,3.5] intercepts=[0.5] classlabels_ints=[0,1]}",
     "i64[4], f32[4,2]", "12 contraction"},  // 4*3
    // Attention: all heads together are as wide as a row, in both products.
    {"Attention(f32[2,8,5,16], f32[2,2,7,16], f32[2,2,7,12])", "f32[2,8,5,12]",
     "15680 attention, 560 softmax"},  // 2*8*5*7*(16+12); 2*8*5*7
    {"Attention(f32[2,5,128], f32[2,7,32], f32[2,7,24]) {q_num_heads=8 kv_num_heads=2}", "f32[2,5,96]",
     "15680 attention, 560 softmax"},  // as above, heads in the last dimension
    {"Attention(f32[2,8,1,16], f32[2,2,1,16], f32[2,2,1,16], none, f32[2,2,9,16], f32[2,2,9,16]) -> 3",
     "f32[2,8,1,16], f32[2,2,10,16], f32[2,2,10,16]", "5120 attention, 160 softmax"},  // 2*8*1*10*(16+16); 2*8*10
    {"ai.onnx.preview::FlexAttention(f32[2,8,5,16], f32[2,2,7,16], f32[2,2,7,12])", "f32[2,8,5,12]",
     "15680 attention, 560 softmax"},  // 2*8*5*7*(16+12); 2*8*5*7
    {"LinearAttention(f32[2,5,32], f32[2,5,16], f32[2,5,24]) -> 2 {q_num_heads=4 kv_num_heads=2 "
     "update_rule=\"linear\"}",
     "f32[2,5,48], f32[2,2,8,12]", "5760 attention"},  // 2*5 * 8*12 * (4 + 2)
    {"com.microsoft::LinearAttention(f32[2,5,32], f32[2,5,16], f32[2,5,24]) {q_num_heads=4 kv_num_heads=2}",
     "f32[2,5,48]", "7680 attention"},  // 2*5 * 8*12 * (4 + 2*2)
    {"com.microsoft::Attention(f32[2,5,16], f32[16,48], f32[48]) {num_heads=4}", "f32[2,5,16]",
     "7680 contraction, 1600 attention, 480 bias, 200 softmax"},  // 10*16*48 + 10*5*(16+16); 10*48; 10*5*4
    {"com.microsoft::Attention(f32[2,1,16], f32[16,48], f32[48], none, f32[2,2,4,6,4]) -> 2 {num_heads=4}",
     "f32[2,1,16], f32[2,2,4,7,4]",
     "1536 contraction, 448 attention, 96 bias, 56 softmax"},  // 2*16*48 + 2*7*32; 2*48; 2*7*4
    {"com.microsoft::QAttention(u8[1,2,16], i8[16,48], f32[48], f32[], f32[], none, u8[], i8[], f32[2,1,4,3,4]) -> 2 "
     "{num_heads=4}",
     "f32[1,2,16], f32[2,1,4,5,4]", "1536 contraction, 320 attention, 96 bias, 40 softmax"},  // 2*16*48; 2*5*32; 2*48
    {"com.microsoft::QAttention(u8[2,5,16], i8[16,48], f32[48], f32[], f32[]) {num_heads=4}", "f32[2,5,16]",
     "7680 contraction, 1600 attention, 480 bias, 200 softmax"},  // as above
    {"com.microsoft::MultiHeadAttention(f32[2,5,16], f32[2,7,16], f32[2,7,24]) {num_heads=4}", "f32[2,5,24]",
     "2800 attention, 280 softmax"},  // 2*5*7*(16+24); 2*5*7*4
    {"com.microsoft::MultiHeadAttention(f32[2,5,4,3,8]) {num_heads=4}", "f32[2,5,32]",
     "3200 attention, 200 softmax"},  // 2*5*5*(32+32); 2*5*5*4
    {"com.microsoft::GroupQueryAttention(f32[2,1,32], f32[2,1,16], f32[2,1,16], f32[2,2,6,8], f32[2,2,6,8], i32[2], "
     "i32[]) -> 3 {num_heads=4 kv_num_heads=2}",
     "f32[2,1,32], f32[2,2,7,8], f32[2,2,7,8]", "896 attention, 56 softmax"},  // 2*4*1*7*(8+8); 2*4*7
    {"com.microsoft::GroupQueryAttention(f32[2,5,64], none, none, none, none, i32[2], i32[]) -> 3 "
     "{num_heads=4 kv_num_heads=2}",
     "f32[2,5,32], f32[2,2,5,8], f32[2,2,5,8]", "3200 attention, 200 softmax"},  // 2*4*5*5*(8+8); 2*4*5*5
    // Parts of transformers that onnxruntime fuses. Experts: rows x k x width x all columns of an expert, there and
    // back.
    {"com.microsoft::MoE(f32[2,3,8], f32[6,4], f32[4,16,8], none, f32[4,8,16]) {k=2}", "f32[2,3,8]",
     "3072 contraction"},  // 6*2 * 8 * (16+16)
    {"com.microsoft::MoE(f32[6,8], f32[6,4], f32[4,16,8], none, f32[4,8,16], none, f32[4,16,8]) {k=2 "
     "activation_type=\"swiglu\"}",
     "f32[6,8]", "4608 contraction"},  // 6*2 * 8 * (16+16+16)
    {"com.microsoft::MoE(f32[6,8], f32[6,4], f32[4,32,8], none, f32[4,8,16]) {activation_type=\"swiglu\" "
     "swiglu_fusion=1}",
     "f32[6,8]", "2304 contraction"},  // 6*1 * 8 * (32+16)
    {"com.microsoft::QMoE(f32[6,8], f32[6,4], u8[4,16,4], f32[4,16], none, u8[4,8,8], f32[4,8]) {k=2}", "f32[6,8]",
     "3072 contraction"},  // 6*2 * 8 * (16+16): 4 bits each
    {"com.microsoft::QMoE(f32[6,8], f32[6,4], u8[4,32,4], f32[4,32], none, u8[4,8,8], f32[4,8]) {k=2 "
     "activation_type=\"swiglu\" swiglu_fusion=1}",
     "f32[6,8]", "4608 contraction"},  // 6*2 * 8 * (32+16)
    {"com.microsoft::QMoE(f32[6,8], f32[6,4], u8[4,8,8], f32[4,16,1], none, u8[4,16,4], f32[4,8,1]) {k=2 "
     "quant_type=\"nvfp4\"}",
     "f32[6,8]", "3072 contraction"},  // as above
    {"com.microsoft::MoEPacked(f32[6,8], f32[6,4], u8[4,16,9], u8[4,16,9], u8[4,8,10]) {k=2}", "f32[6,8]",
     "4608 contraction"},  // 6*2 * 8 * (16+16+16)
    // Attention of one token over a cache, whose length is known or that of the buffer.
    {"com.microsoft::DecoderMaskedSelfAttention(f32[2,1,16], f32[16,48], f32[48], none, f32[2,2,4,6,4]) -> 2 "
     "{num_heads=4}",
     "f32[2,1,16], f32[2,2,4,7,4]",
     "1536 contraction, 448 attention, 96 bias, 56 softmax"},  // 2*16*48; 2*7*(16+16); 2*48; 2*7*4
    {"com.microsoft::DecoderMaskedSelfAttention(f32[2,1,16], f32[16,48], f32[48], none, f32[2,2,4,6,4], none, "
     "i32[1]=[3]) -> 2 {num_heads=4 past_present_share_buffer=1}",
     "f32[2,1,16], f32[2,2,4,6,4]", "1536 contraction, 256 attention, 96 bias, 32 softmax"},  // 2*4*(16+16); 2*4*4
    {"com.microsoft::DecoderMaskedMultiHeadAttention(f32[2,1,16], f32[2,1,16], f32[2,1,24], none, none, f32[2,4,6,4], "
     "f32[2,4,6,6]) -> 3 {num_heads=4}",
     "f32[2,1,24], f32[2,4,7,4], f32[2,4,7,6]", "560 attention, 56 softmax"},  // 2*7*(16+24); 2*7*4
    {"com.microsoft::DecoderMaskedMultiHeadAttention(f32[2,1,16], f32[2,4,9,4], f32[2,4,9,6]) {num_heads=4}",
     "f32[2,1,24]", "720 attention, 72 softmax"},  // 2*9*(16+24); 2*9*4
    {"com.microsoft::DecoderMaskedMultiHeadAttention(f32[2,1,48], none, none, none, none, f32[2,4,6,4], f32[2,4,6,4], "
     "none, none, none, f32[48]) {num_heads=4}",
     "f32[2,1,16]", "448 attention, 96 bias, 56 softmax"},  // 2*7*(16+16); 2*48; 2*7*4
    // Attention of sequences behind each other: pairs of tokens of the same sequence; where those hang on the data,
    // none.
    {"com.microsoft::PackedAttention(f32[10,16], f32[16,48], f32[48], i32[2,5], i32[3]) {num_heads=4}", "f32[10,16]",
     "7680 contraction, 1600 attention, 480 bias, 200 softmax"},  // 10*16*48; 10*5*(16+16); 10*48; 10*5*4
    {"com.microsoft::PackedAttention(f32[7,16], f32[16,48], f32[48], i32[2,5], i32[3]=[0,5,7]) {num_heads=4}",
     "f32[7,16]", "5376 contraction, 928 attention, 336 bias, 116 softmax"},  // 7*16*48; (5*5+2*2)*32; 7*48; 29*4
    {"com.microsoft::PackedAttention(f32[7,16], f32[16,48], f32[48], i32[2,5], i32[3]) {num_heads=4}", "f32[7,16]",
     "5376 contraction, 336 bias"},  // and more
    {"com.microsoft::PackedMultiHeadAttention(f32[10,16], f32[10,16], f32[10,24], none, i32[2,5], i32[3]) "
     "{num_heads=4}",
     "f32[10,24]", "2000 attention, 200 softmax"},  // 10*5*(16+24); 10*5*4
    {"com.microsoft::PackedMultiHeadAttention(f32[10,4,3,8], none, none, f32[96], i32[2,5], i32[3]) {num_heads=4}",
     "f32[10,32]", "3200 attention, 960 bias, 200 softmax"},  // 10*5*(32+32); 10*96; 10*5*4
    {"com.microsoft::PackedMultiHeadAttention(f32[7,16], f32[7,16], f32[7,24], none, i32[2,5], i32[3]) {num_heads=4}",
     "f32[7,24]", "no rule"},
    {"com.microsoft::PagedAttention(f32[7,32], f32[7,16], f32[7,16], f32[9,4,2,8], f32[9,4,2,8], i32[3]=[0,5,7], "
     "i32[2]=[3,0], i32[2,4]) -> 3 {num_heads=4 kv_num_heads=2}",
     "f32[7,32], f32[9,4,2,8], f32[9,4,2,8]", "2816 attention, 176 softmax"},  // (5*(3+5) + 2*2) * (32+32); 44*4
    {"com.microsoft::PagedAttention(f32[7,64], none, none, f32[9,4,2,8], f32[9,4,2,8], i32[3], i32[2], i32[2,4]) "
     "{num_heads=4 kv_num_heads=2}",
     "f32[7,32]", "no rule"},
    {"com.microsoft::SparseAttention(f32[2,4,32], f32[2,4,16], f32[2,4,16], f32[2,2,8,8], f32[2,2,8,8], "
     "i32[2,3]=[0,1,3,0,1,2], i32[2,3], i32[]=[4], i32[2]) {num_heads=4 kv_num_heads=2 sparse_block_size=2}",
     "f32[2,4,32]", "1280 attention, 80 softmax"},  // 2 * 2*((2*2+2*4) + (2*2+2*2)) pairs * (8+8)
    {"com.microsoft::SparseAttention(f32[2,1,64], none, none, f32[2,2,8,8], f32[2,2,8,8], i32[2,3]=[0,1,3,0,1,2], "
     "i32[2,3], i32[]=[4], i32[2]) -> 3 {num_heads=4 kv_num_heads=2 sparse_block_size=2}",
     "f32[2,1,32], f32[2,2,8,8], f32[2,2,8,8]", "384 attention, 24 softmax"},  // 2 * 2*(4 + 2) pairs * (8+8)
    {"com.microsoft::SparseAttention(f32[2,1,64], none, none, f32[2,2,8,8], f32[2,2,8,8], i32[2,3], i32[2,3], i32[], "
     "i32[2]) {num_heads=4 kv_num_heads=2 sparse_block_size=2}",
     "f32[2,1,32]", "no rule"},
    // Each token meets 2 before it and 2 behind it: 8*5 - 2*3 pairs; those of tokens that meet all hang on the data.
    {"com.microsoft::LongformerAttention(f32[2,8,16], f32[16,48], f32[48], f32[2,8], f32[16,48], f32[48], i32[2,8]) "
     "{num_heads=4 window=2}",
     "f32[2,8,16]",
     "12288 contraction, 2176 attention, 768 bias, 272 softmax"},  // 16*16*48; 2*34*(16+16); 16*48; 2*34*4
    {"com.microsoft::QOrderedLongformerAttention(i8[2,8,16], f32[], i8[16,48], f32[], f32[48], f32[], f32[], f32[2,8], "
     "i8[16,48], f32[], f32[48], f32[], i32[2,8], f32[]) {num_heads=4 window=2}",
     "i8[2,8,16]", "12288 contraction, 2176 attention, 768 bias, 272 softmax"},
    {"com.microsoft::QOrderedAttention(i8[2,5,16], f32[], f32[], f32[], f32[], i8[16,16], i8[16,16], i8[16,16], f32[], "
     "f32[], f32[], f32[16], f32[16], f32[16], none, none, f32[]) {num_heads=4}",
     "i8[2,5,16]", "7680 contraction, 1600 attention, 480 bias, 200 softmax"},  // 10*16*48; 10*5*(16+16); 10*48; 10*5*4
    {"com.microsoft::QOrderedMatMul(i8[2,3,4], f32[], i8[4,5], f32[], f32[], f32[5])", "i8[2,3,5]",
     "120 contraction"},                                                                                  // 2*3*5*4
    {"com.microsoft::GemmFloat8(f32[3,4], f32[5,4]) {transB=1 dtype=10}", "f16[3,5]", "60 contraction"},  // 3*5*4
    // Per token and head of the values: a product joins the state of 12*8, the query reads it, a delta rule read it
    // before.
    {"com.microsoft::GatedDeltaNet(f32[10,4,8], f32[10,4,8], f32[10,8,12], none, f32[10,8], f32[10,8], f32[2,8,12,8]) "
     "-> 2",
     "f32[10,8,12], f32[2,8,12,8]", "23040 attention"},  // 10*8 * 12*8 * 3
    {"com.microsoft::GatedDeltaNet(f32[10,4,8], f32[10,4,8], f32[10,8,12], none, f32[10,8]) {update_rule=\"gated\"}",
     "f32[10,8,12]", "15360 attention"},  // 10*8 * 12*8 * 2
    {"com.microsoft::GatedDeltaNet(f32[10,160], none, none, none, f32[10,8], f32[10,8], f32[2,8,12,8])", "f32[10,8,12]",
     "23040 attention"},  // 10*8 * 12*8 * 3
    // Products with weights that are packed: rows x K x N of each.
    {"com.microsoft::MatMulNBitsQkv(f32[2,1,64], none, f32[64], u8[32,2,16], f32[64]) -> 3 {K=64 Nq=32 Nkv=16}",
     "f32[2,1,32], f32[2,1,16], f32[2,1,16]", "8192 contraction"},  // 2*64*(32+16+16)
    {"com.microsoft::MatMulNBitsMlp(f32[2,1,64], none, none, u8[48,2,16], f32[96], none, u8[48,2,16], f32[96]) {K=64 "
     "N=48}",
     "f32[2,1,48]", "12288 contraction"},  // 2*64*(48+48)
    {"com.microsoft::MatMulNBitsQLoRA(f32[2,64], u8[48,2,16], f32[96], u8[8,2,16], f32[8,2], u8[48,1,16], f32[48,1]) "
     "{K=64 N=48}",
     "f32[2,48]", "7936 contraction"},  // 2*64*48 + 2*64*8 + 2*8*48
    {"com.microsoft::MatMulNBitsQLoRA(f32[2,64], u8[48,2,16], f32[96], u8[0,2,16], f32[8,2], u8[48,0,16], f32[48,1]) "
     "{K=64 N=48}",
     "f32[2,48]", "6144 contraction"},                                                                   // 2*64*48
    {"com.microsoft::MatMulPacked(f32[3,64], u8[48,36]) {K=64 N=48}", "f32[3,48]", "9216 contraction"},  // 3*64*48
    {"com.microsoft::MatMulBlockQuantizedFp4Weight(f16[3,64], u8[48,32], u8[48,4], f32[])", "f16[3,48]",
     "9216 contraction"},  // 3*64*48
    {"com.microsoft::MatMulBlockQuantizedFp8Weight(f16[3,64], u8[48,64], f32[48,1])", "f16[3,48]",
     "9216 contraction"},                                                                                 // 3*64*48
    {"com.microsoft::MatMulFpQ4(f32[3,64], u8[1536], i64[2]=[64,48])", "f32[3,48]", "9216 contraction"},  // 3*64*48
    {"com.microsoft::RouterGateUpProj(f32[3,8], f32[8,36]) -> 2 {router_size=4}", "f32[3,4], f32[3,16]",
     "864 contraction"},  // 3*8*36
    {"com.microsoft::GatedRelativePositionBias(f32[2,5,32], f32[32], f32[1,4,5,5], f32[8,6], f32[6], f32[1,4,1,1]) "
     "{num_heads=4}",
     "f32[2,4,5,5]", "1920 contraction, 240 bias"},  // 10*4 * 8*6; 10*4*6
    {"com.microsoft::CausalConvWithState(f32[2,6,10], f32[6,1,4], f32[6]) -> 2", "f32[2,6,10], f32[2,6,3]",
     "480 contraction, 120 bias"},  // 6*4*2*10; 2*6*10
    // Layouts of onnxruntime's own: channels in blocks, or last; weights stay as they are.
    {"com.microsoft.nchwc::Conv(f32[1,3,8,8], f32[8,3,3,3], f32[8], f32[1,8,6,6])", "f32[1,8,6,6]",
     "7776 contraction, 288 bias"},  // 8*3*9*36; 8*36
    {"com.microsoft.nchwc::MaxPool(f32[1,8,8,8]) {kernel_shape=[2,2] strides=[2,2]}", "f32[1,8,4,4]", "128 pool"},
    {"com.microsoft.nchwc::AveragePool(f32[1,8,8,8]) {kernel_shape=[2,2] strides=[2,2]}", "f32[1,8,4,4]", "128 pool"},
    {"com.microsoft.nchwc::Upsample(f32[1,8,4,5]) {scales=[1,1,2,3]}", "f32[1,8,8,15]", "960 resize"},
    {"com.microsoft.nchwc::ReorderInput(f32[1,4,5,8]) {channels_last=1}", "f32[1,8,4,5]", "nothing"},
    {"com.microsoft.nchwc::ReorderOutput(f32[1,16,4,5]) {channels=10}", "f32[1,10,4,5]", "nothing"},
    {"com.microsoft.nchwc::ReorderOutput(f32[1,16,4,5]) {channels=10 channels_last=1}", "f32[1,4,5,10]", "nothing"},
    {"com.ms.internal.nhwc::Conv(f32[2,8,9,3], f32[4,3,3,3], f32[4])", "f32[2,6,7,4]",
     "9072 contraction, 336 bias"},  // 4*3*9 * 2*42; 2*42*4
    {"com.ms.internal.nhwc::QLinearConv(u8[1,8,8,3], f32[], u8[], i8[4,3,3,3], f32[4], i8[4], f32[], u8[], i32[4])",
     "u8[1,6,6,4]", "3888 contraction, 144 bias"},  // 4*3*9*36; 4*36
    {"com.ms.internal.nhwc::ConvTranspose(f32[1,5,6,4], f32[4,3,3,3]) {strides=[2,2]}", "f32[1,11,13,3]",
     "3240 contraction"},  // 4*3*9 * 30
    {"com.ms.internal.nhwc::QLinearConvTranspose(u8[1,5,6,4], f32[], u8[], i8[4,3,3,3], f32[], i8[], f32[], u8[]) "
     "{strides=[2,2]}",
     "u8[1,11,13,3]", "3240 contraction"},  // 4*3*9 * 30
    {"com.ms.internal.nhwc::BatchNormalization(f32[2,4,4,3], f32[3], f32[3], f32[3], f32[3])", "f32[2,4,4,3]",
     "96 norm"},
    {"com.ms.internal.nhwc::DepthToSpace(f32[1,2,3,8]) {blocksize=2}", "f32[1,4,6,2]", "nothing"},
    {"com.ms.internal.nhwc::SpaceToDepth(f32[1,4,6,2]) {blocksize=2}", "f32[1,2,3,8]", "nothing"},
    {"com.ms.internal.nhwc::GridSample(f32[2,8,8,3], f32[2,4,5,2])", "f32[2,4,5,3]", "120 resize"},
    {"com.ms.internal.nhwc::Resize(f32[1,4,5,3], none, f32[4]=[1.0,2.0,1.5,1.0])", "f32[1,8,7,3]",
     "168 resize"},  // 8*7*3
    // Vectors of a machine: each is compared with each sample, and has coefficients. A path through a tree hangs on the
    // data.
    {"ai.onnx.ml::SVMRegressor(f32[5,4]) {support_vectors=[1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5] coefficients=[1.5,2.5]}",
     "f32[5,1]", "50 contraction"},  // 5 * (2*4 + 2)
    {"ai.onnx.ml::SVMClassifier(f32[5,2]) -> 2 {support_vectors=[1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5] "
     "coefficients=[1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5] classlabels_ints=[0,1,2,3]}",
     "i64[5], f32[5,6]", "100 contraction"},  // 5 * (4*2 + 3*4); a score for each of 6 pairs
    {"ai.onnx.ml::SVMClassifier(f32[5,2]) -> 2 {coefficients=[1.5,1.5,1.5,1.5,1.5,1.5,1.5,1.5] "
     "classlabels_ints=[0,1,2,3]}",
     "i64[5], f32[5,4]", "40 contraction"},  // 5 * 4*2
    {"ai.onnx.ml::TreeEnsembleRegressor(f32[5,4]) {n_targets=2}", "f32[5,2]", "no rule"},
    {"ai.onnx.ml::TreeEnsemble(f32[5,4]) {n_targets=2}", "f32[5,2]", "no rule"},
    {"ai.onnx.ml::TreeEnsembleClassifier(f32[5,4]) -> 2 {classlabels_int64s=[0,1,2]}", "i64[5], f32[5,3]", "no rule"},
    // Recurrent layers: steps and sequences times all weights; biases likewise.
    {"LSTM(f32[7,2,3], f32[1,16,3], f32[1,16,4], f32[1,32]) -> 3 {hidden_size=4}",
     "f32[7,1,2,4], f32[1,2,4], f32[1,2,4]", "1568 contraction, 448 bias"},  // 14 * (16*3 + 16*4); 14*32
    {"LSTM(f32[2,7,3], f32[2,16,3], f32[2,16,4], none, none, none, none, f32[2,12]) -> 2 "
     "{hidden_size=4 direction=\"bidirectional\" layout=1}",
     "f32[2,7,2,4], f32[2,2,4]", "3136 contraction, 336 elementwise"},  // 14 * 2 * 112; 14 * 2*12 peepholes
    {"GRU(f32[7,2,3], f32[1,12,3], f32[1,12,4], f32[1,24]) -> 2 {hidden_size=4}", "f32[7,1,2,4], f32[1,2,4]",
     "1176 contraction, 336 bias"},  // 14 * (12*3 + 12*4); 14*24
    {"RNN(f32[7,2,3], f32[1,4,3], f32[1,4,4]) {hidden_size=4}", "f32[7,1,2,4]", "392 contraction"},  // 14 * (12 + 16)
    {"com.microsoft::DynamicQuantizeLSTM(f32[7,2,3], i8[1,3,16], i8[1,4,16]) {hidden_size=4}", "f32[7,1,2,4]",
     "1568 contraction"},  // 14 * (3*16 + 4*16)

    // Windows without a weight.
    {"MaxPool(f32[1,3,8,8]) -> 2 {kernel_shape=[3,3] strides=[2,2] pads=[1,1,1,1]}", "f32[1,3,4,4], i64[1,3,4,4]",
     "48 pool"},                                                                                          // 3*16
    {"MaxPool(f32[1,3,7,7]) {kernel_shape=[2,2] strides=[2,2] ceil_mode=1}", "f32[1,3,4,4]", "48 pool"},  // 3*16
    {"MaxPool(f32[1,1,2,2]) {kernel_shape=[1,1] strides=[2,2] pads=[0,0,1,1] ceil_mode=1}", "f32[1,1,1,1]",
     "1 pool"},  // a second window would start in the padding
    {"AveragePool(f32[1,3,9]) {kernel_shape=[3] strides=[3] dilations=[2]}", "f32[1,3,2]", "6 pool"},
    {"AveragePool(f32[1,3,7,7]) {kernel_shape=[2,2] strides=[2,2] auto_pad=\"SAME_LOWER\"}", "f32[1,3,4,4]", "48 pool"},
    {"LpPool(f32[1,3,8,8]) {kernel_shape=[2,2] strides=[2,2]}", "f32[1,3,4,4]", "48 pool"},
    {"com.microsoft::MaxpoolWithMask(f32[1,2,8,8], i32[1,2,8,8]) {kernel_shape=[2,2]}", "f32[1,2,7,7]",
     "98 pool"},  // 2*7*7
    {"com.microsoft::Inverse(f32[2,3,3])", "f32[2,3,3]",
     "24 contraction, 42 elementwise"},  // 2*3*2*2; 2*(3*2/2 + 3*3*2)
    {"com.microsoft::NhwcMaxPool(u8[1,8,8,3]) {kernel_shape=[2,2] strides=[2,2]}", "u8[1,4,4,3]", "48 pool"},
    {"com.microsoft::QLinearAveragePool(u8[1,3,8,8], f32[], u8[], f32[], u8[]) {kernel_shape=[2,2] strides=[2,2]}",
     "u8[1,3,4,4]", "48 pool"},
    {"com.microsoft::QLinearGlobalAveragePool(u8[1,3,8,8], f32[], u8[], f32[], u8[])", "u8[1,3,1,1]", "3 pool"},
    {"MaxUnpool(f32[1,1,2,2], i64[1,1,2,2]) {kernel_shape=[2,2] strides=[2,2]}", "f32[1,1,4,4]", "nothing"},
    {"MaxUnpool(f32[1,1,2,2], i64[1,1,2,2], i64[4]=[1,1,5,5]) {kernel_shape=[2,2] strides=[2,2]}", "f32[1,1,5,5]",
     "nothing"},
    {"RoiAlign(f32[1,3,16,16], f32[5,4], i64[5]) {output_height=7 output_width=6}", "f32[5,3,7,6]", "630 resize"},
    {"MaxRoiPool(f32[1,3,16,16], f32[5,5]) {pooled_shape=[7,6]}", "f32[5,3,7,6]", "630 pool"},  // 5*3*7*6
    {"com.microsoft::CropAndResize(f32[1,3,16,16], f32[5,4], i32[5], i32[2]=[7,6])", "f32[5,3,7,6]", "630 resize"},
    // Other sizes of images.
    {"Resize(f32[1,3,4,5], none, f32[4]=[1.0,1.0,2.0,1.5])", "f32[1,3,8,7]", "168 resize"},                  // 3*8*7
    {"Resize(f32[1,3,4,5], none, none, i64[4]=[1,3,9,9]) {mode=\"linear\"}", "f32[1,3,9,9]", "243 resize"},  // 3*81
    {"Resize(f32[1,3,4,8], none, none, i64[2]=[9,9]) {axes=[2,3] keep_aspect_ratio_policy=\"not_larger\"}",
     "f32[1,3,5,9]", "135 resize"},  // scale min(9/4, 9/8): 4*1.125 = 4.5 -> 5
    {"Resize(f32[1,3,4,8], none, none, i64[2]=[9,9]) {axes=[2,3] keep_aspect_ratio_policy=\"not_smaller\"}",
     "f32[1,3,9,18]", "486 resize"},  // scale max(9/4, 9/8)
    {"Resize(f32[1,3,4,5], f32[4]=[1.0,1.0,2.0,2.0])", "f32[1,3,8,10]", "240 resize", 10},
    {"Upsample(f32[1,3,4,5]) {height_scale=2.0 width_scale=3.0}", "f32[1,3,8,15]", "360 resize", 1},
    {"Upsample(f32[1,3,4,5]) {scales=[1.0,1.0,2.0,3.0]}", "f32[1,3,8,15]", "360 resize", 7},
    {"Upsample(f32[1,3,4,5], f32[4]=[1.0,1.0,2.0,3.0])", "f32[1,3,8,15]", "360 resize", 9},
    {"Upsample(f32[1,3,4,5], f32[4])", "f32[-1,-1,-1,-1]", "", 9},
    {"GridSample(f32[2,3,8,8], f32[2,4,5,2])", "f32[2,3,4,5]", "120 resize"},
    {"com.microsoft::GridSample(f32[2,3,8,8], f32[2,4,5,2])", "f32[2,3,4,5]", "120 resize"},

    // Constants, and what asks for sizes.
    {"Constant() {value=i64[2]=[3,4]}", "i64[2]=[3,4]", "nothing"},
    {"Constant() {value_ints=[3,4,5]}", "i64[3]=[3,4,5]", "nothing"},
    {"Constant() {value_int=3}", "i64[]=[3]", "nothing"},
    {"Constant() {value_float=0.5}", "f32[]=[0.5]", "nothing"},
    {"Constant() {value_floats=[0.5,2.0]}", "f32[2]=[0.5,2.0]", "nothing"},
    {"Constant() {value_string=\"a\"}", "other[]", "nothing"},
    {"ConstantOfShape(i64[2]=[2,?])", "f32[2,-1]", ""},
    {"ConstantOfShape(i64[1]=[3]) {value=i64[1]=[7]}", "i64[3]=[7,7,7]", "nothing"},
    {"Shape(f32[2,-1,4])", "i64[3]=[2,?,4]", "nothing"},
    {"Shape(f32[2,3,4,5]) {start=1 end=-1}", "i64[2]=[3,4]", "nothing"},
    {"Shape(f32?)", "i64[-1]", ""},
    {"Size(f32[2,3,4])", "i64[]=[24]", "nothing"},
    {"Range(i64[]=[1], i64[]=[10], i64[]=[3])", "i64[3]=[1,4,7]", "nothing"},
    {"Range(f32[]=[0.0], f32[]=[1.0], f32[]=[0.25])", "f32[4]", "nothing"},
    {"Range(i64[], i64[]=[10], i64[]=[3])", "i64[-1]", ""},
    {"com.microsoft::Range(i64[]=[1], i64[]=[10], i64[]=[3])", "i64[3]=[1,4,7]", "nothing"},
    {"EyeLike(f32[2,3]) {dtype=7}", "i64[2,3]", "nothing"},
    {"Bernoulli(f32[2,3]) {dtype=11}", "f64[2,3]", "nothing"},
    {"RandomNormal() {shape=[2,3]}", "f32[2,3]", "nothing"},
    {"RandomUniform() {shape=[2,3] dtype=10}", "f16[2,3]", "nothing"},
    {"RandomNormalLike(f32[2,3])", "f32[2,3]", "nothing"},
    {"RandomUniformLike(f32[2,3]) {dtype=11}", "f64[2,3]", "nothing"},
    {"Multinomial(f32[2,3]) {sample_size=5}", "i32[2,5]", "nothing"},
    {"MelWeightMatrix(i64[]=[8], i64[]=[16], i64[], f32[], f32[])", "f32[9,8]", "72 elementwise"},
    {"OneHot(i64[2,3], i64[]=[10], f32[2])", "f32[2,3,10]", "nothing"},
    {"OneHot(i64[2,3], i64[]=[10], f32[2]) {axis=1}", "f32[2,10,3]", "nothing"},

    // The same elements in another shape.
    {"Reshape(f32[2,3,4], i64[2]=[0,-1])", "f32[2,12]", "nothing"},
    {"Reshape(f32[2,3,4], i64[2]=[?,12])", "f32[2,12]", "nothing"},
    {"Reshape(f32[-1,3,4], i64[2]=[0,-1])", "f32[-1,12]", ""},
    {"Reshape(f32[-1,3,4], i64[3]=[-1,4,3])", "f32[-1,4,3]", ""},
    {"Reshape(f32[0,3], i64[2]=[3,0]) {allowzero=1}", "f32[3,0]", "nothing"},
    {"Reshape(f32[2,3]) {shape=[3,-1]}", "f32[3,2]", "nothing", 1},
    {"Reshape(f32[2,3], i64[4])", "f32[-1,-1,-1,-1]", ""},
    {"Reshape(i64[4]=[1,2,3,4], i64[2]=[2,2])", "i64[2,2]=[1,2,3,4]", "nothing"},
    {"Flatten(f32[2,3,4,5])", "f32[2,60]", "nothing"},
    {"Flatten(f32[2,3,4,5]) {axis=-1}", "f32[24,5]", "nothing"},
    {"Squeeze(f32[1,3,1,5])", "f32[3,5]", "nothing"},
    {"Squeeze(f32[1,3,1,5], i64[1]=[-2])", "f32[1,3,5]", "nothing"},
    {"Squeeze(f32[1,3,1,5]) {axes=[0]}", "f32[3,1,5]", "nothing", 11},
    {"Squeeze(i64[1]=[7], i64[1]=[0])", "i64[]=[7]", "nothing"},
    {"Squeeze(f32[1,3], i64[1])", "f32[-1]", ""},
    {"Unsqueeze(f32[3,5], i64[2]=[0,3])", "f32[1,3,5,1]", "nothing"},
    {"Unsqueeze(i64[]=[7]) {axes=[0]}", "i64[1]=[7]", "nothing", 11},
    {"com.microsoft::ExpandDims(f32[3,5], i32[]=[1])", "f32[3,1,5]", "nothing"},
    {"Transpose(f32[2,3,4])", "f32[4,3,2]", "nothing"},
    {"Transpose(i64[2,2]=[1,2,3,4]) {perm=[1,0]}", "i64[2,2]=[1,3,2,4]", "nothing"},
    {"Expand(f32[3,1], i64[3]=[2,1,5])", "f32[2,3,5]", "nothing"},
    {"Expand(f32[3,1], i64[3]=[2,?,5])", "f32[2,3,5]", "nothing"},
    {"Expand(f32[3,1], i64[2,2])", "f32?", ""},
    {"Expand(i64[1]=[7], i64[1]=[3])", "i64[3]=[7,7,7]", "nothing"},
    {"Tile(f32[2,3], i64[2]=[1,4])", "f32[2,12]", "nothing"},
    {"Tile(i64[2]=[1,2], i64[1]=[2])", "i64[4]=[1,2,1,2]", "nothing"},
    {"Tile(f32[2,3], f32[]=[4.0], f32[]=[1.0])", "f32[2,12]", "nothing", 1},
    {"DepthToSpace(f32[1,8,2,3]) {blocksize=2}", "f32[1,2,4,6]", "nothing"},
    {"SpaceToDepth(f32[1,2,4,6]) {blocksize=2}", "f32[1,8,2,3]", "nothing"},
    {"Col2Im(f32[1,5,5], i64[2]=[5,5], i64[2]=[1,5])", "f32[1,1,5,5]", "25 reduction"},
    {"Identity(i64[2]=[3,4])", "i64[2]=[3,4]", "nothing"},
    {"Dropout(f32[2,3]) -> 2", "f32[2,3], bool[2,3]", "nothing"},
    {"Dropout(f32[2,3]) -> 2", "f32[2,3], f32[2,3]", "nothing", 7},
    {"com.microsoft::BiasDropout(f32[2,3], f32[3]) -> 2", "f32[2,3], bool[2,3]", "6 elementwise"},

    // Parts, and tensors put together.
    {"Slice(f32[10,4], i64[1]=[2], i64[1]=[8], i64[1]=[0], i64[1]=[3])", "f32[2,4]", "nothing"},
    {"Slice(f32[10,4], i64[1]=[-1], i64[1]=[-99], i64[1]=[0], i64[1]=[-4])", "f32[3,4]", "nothing"},
    {"Slice(f32[10,4], i64[2]=[1,1], i64[2]=[9223372036854775807,?])", "f32[9,-1]", ""},
    {"Slice(f32[10,4]) {starts=[0,1] ends=[3,100]}", "f32[3,3]", "nothing", 1},
    {"Slice(i64[4]=[1,2,3,4], i64[1]=[3], i64[1]=[-9223372036854775807], i64[1]=[0], i64[1]=[-1])", "i64[4]=[4,3,2,1]",
     "nothing"},
    {"Slice(i64[4]=[1,2,3,4], i64[1]=[1], i64[1]=[3])", "i64[2]=[2,3]", "nothing"},
    {"Gather(f32[5,6,7], i64[2,3]) {axis=1}", "f32[5,2,3,7]", "nothing"},
    {"Gather(i64[3]=[2,?,4], i64[]=[-1])", "i64[]=[4]", "nothing"},
    {"Gather(i64[3]=[2,?,4], i64[2]=[1,0])", "i64[2]=[?,2]", "nothing"},
    {"GatherElements(i64[3]=[5,6,7], i64[2]=[2,0])", "i64[2]=[7,5]", "nothing"},
    {"GatherND(f32[2,3,4], i64[5,2])", "f32[5,4]", "nothing"},
    {"GatherND(f32[2,3,4], i64[2,1]) {batch_dims=1}", "f32[2,4]", "nothing"},
    {"com.microsoft::GatherND(f32[2,3,4], i64[5,2])", "f32[5,4]", "nothing"},
    {"com.microsoft::GatherBlockQuantized(u8[100,16], i64[2,3], f32[100,1]) {bits=4 gather_axis=0}", "f32[2,3,32]",
     "nothing"},
    {"Concat(f32[2,3], f32[2,4]) {axis=1}", "f32[2,7]", "nothing"},
    {"Concat(i64[1]=[2], i64[2]=[?,4]) {axis=0}", "i64[3]=[2,?,4]", "nothing"},
    {"Concat(f32[2,3], f32[-1,-1]) {axis=-1}", "f32[2,-1]", ""},
    {"com.microsoft::QLinearConcat(f32[], u8[], u8[2,3], f32[], u8[], u8[2,4], f32[], u8[]) {axis=1}", "u8[2,7]",
     "nothing"},
    {"Split(f32[7,3]) -> 3 {num_outputs=3}", "f32[3,3], f32[3,3], f32[1,3]", "nothing"},
    {"Split(f32[6,3], i64[2]=[2,4]) -> 2", "f32[2,3], f32[4,3]", "nothing"},
    {"Split(f32[6,3]) -> 2 {split=[2,4]}", "f32[2,3], f32[4,3]", "nothing", 11},
    {"Split(i64[4]=[1,2,3,4]) -> 2", "i64[2]=[1,2], i64[2]=[3,4]", "nothing", 13},
    {"Pad(f32[2,3], i64[4]=[0,1,2,-1])", "f32[4,3]", "nothing"},
    {"Pad(f32[2,3,4], i64[2]=[1,2], none, i64[1]=[-1])", "f32[2,3,7]", "nothing"},
    {"Pad(f32[2,3]) {pads=[0,1,2,0]}", "f32[4,4]", "nothing", 2},
    {"Pad(f32[2,3]) {paddings=[0,1,2,0]}", "f32[4,4]", "nothing", 1},
    {"com.microsoft::Pad(f32[2,3], i64[4]=[0,1,2,0])", "f32[4,4]", "nothing"},
    {"CenterCropPad(f32[10,7,3], i64[2]=[8,9]) {axes=[0,1]}", "f32[8,9,3]", "nothing"},
    {"Compress(f32[3,4], bool[3]) {axis=0}", "f32[-1,4]", ""},
    {"Compress(f32[3,4], bool[3]=[1,0,1]) {axis=0}", "f32[2,4]", "nothing"},
    {"NonZero(f32[3,4])", "i64[2,-1]", ""},
    {"NonZero(i64[3]=[1,0,1])", "i64[1,2]=[0,2]", "nothing"},
    {"Unique(f32[3,4]) -> 4 {axis=0}", "f32[-1,4], i64[-1], i64[3], i64[-1]", ""},
    {"com.microsoft::Unique(f32[5])", "f32[-1]", ""},
    {"TopK(f32[3,10], i64[1]=[4]) -> 2", "f32[3,4], i64[3,4]", "30 reduction"},
    {"TopK(f32[3,10]) -> 2 {k=4}", "f32[3,4], i64[3,4]", "30 reduction", 1},
    {"NonMaxSuppression(f32[1,6,4], f32[1,1,6])", "i64[-1,3]", ""},
    {"Where(bool[3]=[1,0,?], i64[3]=[1,2,3], i64[]=[9])", "i64[3]=[1,9,?]", "nothing"},
    {"com.microsoft::QLinearWhere(bool[3], u8[2,3], f32[], u8[], u8[3], f32[], u8[], f32[], u8[])", "u8[2,3]",
     "nothing"},

    // Reductions.
    {"ReduceSum(f32[2,3,4], i64[1]=[1])", "f32[2,1,4]", "24 reduction"},
    {"ReduceSum(f32[2,3,4]) {axes=[0,-1] keepdims=0}", "f32[3]", "24 reduction", 11},
    {"ReduceSum(f32[2,3,4], i64[0]=[]) {noop_with_empty_axes=1}", "f32[2,3,4]", "24 reduction"},
    {"ReduceSum(f32[2,3,4], i64[1])", "f32[-1,-1,-1]", ""},
    {"ReduceProd(i64[3]=[2,3,4]) {keepdims=0}", "i64[]=[24]", "3 reduction"},
    {"ReduceMax(i64[3]=[2,9,4])", "i64[1]=[9]", "3 reduction"},
    {"ReduceMin(i64[3]=[2,9,?])", "i64[1]=[?]", "3 reduction"},
    {"com.microsoft::QLinearReduceMean(u8[2,3,4], f32[], u8[], f32[], u8[]) {axes=[1]}", "u8[2,1,4]", "24 reduction"},
    {"com.microsoft::ReduceSumInteger(i32[2,3,4]) {axes=[1]}", "i32[2,1,4]", "24 reduction"},
    {"ArgMax(f32[2,3,4]) {axis=1 keepdims=0}", "i64[2,4]", "24 reduction"},
    {"ArgMin(f32[2,3,4])", "i64[1,3,4]", "24 reduction"},
    {"NegativeLogLikelihoodLoss(f32[3,5,2], i64[3,2])", "f32[]", "30 reduction"},
    {"SoftmaxCrossEntropyLoss(f32[3,5,2], i64[3,2]) -> 2 {reduction=\"none\"}", "f32[3,2], f32[3,5,2]", "30 reduction"},
    {"Det(f32[2,3,3])", "f32[2]", "no rule"},
    // Normalisations.
    {"BatchNormalization(f32[2,3,4,4], f32[3], f32[3], f32[3], f32[3])", "f32[2,3,4,4]", "96 norm"},
    {"BatchNormalization(f32[2,3], f32[3], f32[3], f32[3], f32[3]) -> 3 {training_mode=1}", "f32[2,3], f32[3], f32[3]",
     "6 norm"},
    {"LayerNormalization(f32[2,3,4], f32[4], f32[4]) -> 3", "f32[2,3,4], f32[2,3,1], f32[2,3,1]", "24 norm"},
    {"SimplifiedLayerNormalization(f32[2,3,4], f32[4])", "f32[2,3,4]", "24 norm"},
    {"RMSNormalization(f32[2,3,4], f32[4])", "f32[2,3,4]", "24 norm"},
    {"com.microsoft::SkipLayerNormalization(f32[2,3,4], f32[2,3,4], f32[4]) -> 4",
     "f32[2,3,4], f32[2,3,1], f32[2,3,1], f32[2,3,4]", "24 norm"},
    {"com.microsoft::SkipSimplifiedLayerNormalization(f32[2,3,4], f32[2,3,4], f32[4])", "f32[2,3,4]", "24 norm"},
    {"com.microsoft::EmbedLayerNormalization(i32[2,3], i32[2,3], f32[100,8], f32[64,8], f32[2,8], f32[8], f32[8]) -> 2",
     "f32[2,3,8], i32[2]", "48 elementwise"},

    // Arithmetic of small tensors.
    {"Add(i64[2]=[3,?], i64[]=[4])", "i64[2]=[7,?]", "2 elementwise"},
    {"Add(i64[]=[9223372036854775807], i64[]=[1])", "i64[]=[?]", "1 elementwise"},
    {"Add(f32[2,1,4], f32[-1,3,1])", "f32[2,3,4]", "24 elementwise"},
    {"Add(f32[2,3,4], f32[3]) {broadcast=1 axis=1}", "f32[2,3,4]", "24 elementwise", 6},
    {"Sub(i64[2]=[3,9], i64[2]=[4,4])", "i64[2]=[-1,5]", "2 elementwise"},
    {"Mul(i64[2]=[3,9], i64[2]=[4,?])", "i64[2]=[12,?]", "2 elementwise"},
    {"Mul(f32[]=[10.0], f32[]=[0.7])", "f32[]=[7.0]", "1 elementwise"},  // in f32; in f64 it is 6.9999998
    {"Div(i64[3]=[-7,7,7], i64[3]=[2,2,0])", "i64[3]=[-3,3,?]", "3 elementwise"},
    {"Mod(i64[3]=[-7,7,7], i64[3]=[3,-3,0])", "i64[3]=[2,-2,?]", "3 elementwise"},
    {"Mod(i64[2]=[-7,7], i64[2]=[3,-3]) {fmod=1}", "i64[2]=[-1,1]", "2 elementwise"},
    {"Pow(i64[2]=[3,2], i64[2]=[2,62])", "i64[2]=[9,?]", "2 elementwise"},
    {"Min(i64[2]=[3,9], i64[]=[4])", "i64[2]=[3,4]", "2 elementwise"},
    {"Max(i64[2]=[3,9], i64[]=[4], i64[]=[5])", "i64[2]=[5,9]", "2 elementwise"},
    {"Sum(f32[2,3])", "f32[2,3]", "nothing"},
    {"Sum(i64[2]=[3,9], i64[]=[4], i64[]=[5])", "i64[2]=[12,18]", "2 elementwise"},
    {"Mean(f32[2,1], f32[3])", "f32[2,3]", "6 elementwise"},
    {"Neg(i64[2]=[3,-4])", "i64[2]=[-3,4]", "2 elementwise"},
    {"Abs(i64[2]=[3,-4])", "i64[2]=[3,4]", "2 elementwise"},
    {"Relu(f32[2]=[3.5,-1.0])", "f32[2]=[3.5,0.0]", "2 activation"},
    {"Floor(f32[2]=[3.7,-3.2])", "f32[2]=[3.0,-4.0]", "2 elementwise"},
    {"Ceil(f32[2]=[3.2,-3.7])", "f32[2]=[4.0,-3.0]", "2 elementwise"},
    {"Round(f32[3]=[2.5,3.5,-2.5])", "f32[3]=[2.0,4.0,-2.0]", "3 elementwise"},
    {"Sqrt(f32[1]=[9.0])", "f32[1]=[3.0]", "1 elementwise"},
    {"Equal(i64[2]=[3,?], i64[]=[3])", "bool[2]=[1,?]", "2 elementwise"},
    {"Greater(f32[2]=[3.5,1.0], f32[]=[3.0])", "bool[2]=[1,0]", "2 elementwise"},
    {"GreaterOrEqual(i64[2]=[3,1], i64[]=[3])", "bool[2]=[1,0]", "2 elementwise"},
    {"Less(i64[2]=[3,1], i64[]=[3])", "bool[2]=[0,1]", "2 elementwise"},
    {"LessOrEqual(i64[2]=[3,1], i64[]=[3])", "bool[2]=[1,1]", "2 elementwise"},
    {"And(bool[2]=[1,1], bool[2]=[1,0])", "bool[2]=[1,0]", "2 elementwise"},
    {"Or(bool[2]=[1,0], bool[2]=[0,0])", "bool[2]=[1,0]", "2 elementwise"},
    {"Not(bool[2]=[1,0])", "bool[2]=[0,1]", "2 elementwise"},
    {"Cast(i64[2]=[3,?]) {to=1}", "f32[2]=[3.0,?]", "nothing"},
    {"Cast(f32[3]=[3.9,-3.9,1e30]) {to=7}", "i64[3]=[3,-3,?]", "nothing"},
    {"Cast(i64[2]=[3,0]) {to=9}", "bool[2]=[1,0]", "nothing"},
    {"Cast(i64[2]=[3,300]) {to=2}", "u8[2]=[3,?]", "nothing"},
    {"CastLike(i64[1]=[3], f32[])", "f32[1]=[3.0]", "nothing"},
    {"BitCast(f32[2,3]) {to=6}", "i32[2,3]", "nothing"},

    // Quantized numbers.
    {"QuantizeLinear(f32[2,3], f32[], i8[])", "i8[2,3]", "6 elementwise"},
    {"QuantizeLinear(f32[2,3], f32[]) {output_dtype=5}", "i16[2,3]", "6 elementwise"},
    {"QuantizeLinear(f32[2,3], f32[])", "u8[2,3]", "6 elementwise"},
    {"DequantizeLinear(i8[2,3], f16[])", "f16[2,3]", "6 elementwise"},
    {"com.microsoft::QuantizeLinear(f32[2,3], f32[], u16[])", "u16[2,3]", "6 elementwise"},
    {"com.microsoft::DequantizeLinear(u16[2,3], f32[], u16[])", "f32[2,3]", "6 elementwise"},
    {"DynamicQuantizeLinear(f32[2,3]) -> 3", "u8[2,3], f32[], u8[]", "6 reduction"},

    // Signals.
    {"DFT(f32[1,10,10,1], none, i64[]=[1])", "f32[1,10,10,2]", "200 elementwise"},
    {"DFT(f32[1,10,10,1], none, i64[]=[1]) {onesided=1}", "f32[1,6,10,2]", "120 elementwise"},
    {"DFT(f32[1,6,10,2], none, i64[]=[1]) {onesided=1 inverse=1}", "f32[1,10,10,1]", "120 elementwise"},
    {"DFT(f32[1,10,10,1], i64[]=[12]) {axis=2}", "f32[1,10,12,2]", "240 elementwise", 17},
    {"STFT(f32[2,128,1], i64[]=[8], f32[16])", "f32[2,15,9,2]", "540 elementwise"},  // (128-16)/8+1; 16/2+1
    {"STFT(f32[2,128,1], i64[]=[8], none, i64[]=[16]) {onesided=0}", "f32[2,15,16,2]", "960 elementwise"},

    // Sequences, optionals and text.
    {"SequenceLength(other?)", "i64[]", "nothing"},
    {"SequenceEmpty()", "other?", ""},
    {"SequenceConstruct(f32[2,3])", "other?", ""},
    {"SequenceInsert(other?, f32[2,3])", "other?", ""},
    {"SequenceErase(other?)", "other?", ""},
    {"SequenceAt(other?, i64[]=[0])", "other?", ""},
    {"SplitToSequence(f32[6,3])", "other?", ""},
    {"ConcatFromSequence(other?) {axis=0}", "other?", ""},
    {"Optional(f32[2,3])", "f32[2,3]", "nothing"},
    {"OptionalGetElement(f32[2,3])", "f32[2,3]", "nothing"},
    {"OptionalHasElement(f32[2,3])", "bool[]", "nothing"},
    {"ImageDecoder(u8[5000])", "u8[-1,-1,3]", ""},
    {"StringSplit(other[2,3]) -> 2", "other[2,3,-1], i64[2,3]", ""},
    {"StringNormalizer(other[4])", "other[4]", "nothing"},
    {"RegexFullMatch(other[2,3])", "bool[2,3]", "nothing"},
    {"TfIdfVectorizer(i64[2,6]) {ngram_indexes=[0,3,6]}", "f32[2,7]", "14 elementwise"},
    {"ai.onnx.ml::ArrayFeatureExtractor(f32[3,10], i64[1,2])", "f32[3,2]", "nothing"},
    {"ai.onnx.ml::OneHotEncoder(i64[3]) {cats_int64s=[1,2,3,4]}", "f32[3,4]", "nothing"},
    {"ai.onnx.ml::LabelEncoder(i64[3]) {values_floats=[0.5]}", "f32[3]", "nothing"},
    {"ai.onnx.ml::Normalizer(f64[3,4])", "f32[3,4]", "12 norm"},
    {"ai.onnx.ml::Scaler(f64[3,4])", "f32[3,4]", "12 elementwise"},
};

constexpr Family kFamilies[] = {
    {"Acos Acosh Asin Asinh Atan Atanh Clip Cos Cosh Erf Exp Log Reciprocal RotaryEmbedding Sign Sin Sinh Tan "
     "ai.onnx.ml::Binarizer",
     "(f32[2,3])", "f32[2,3]", "6 elementwise"},  // 2*3
    {"Celu Elu Gelu HardSigmoid HardSwish Hardmax LeakyRelu Mish PRelu Relu Selu Shrink Sigmoid Softplus Softsign "
     "SwiGLU Swish "
     "Tanh ThresholdedRelu com.microsoft::FastGelu com.microsoft::Gelu com.microsoft::QuickGelu "
     "com.microsoft::QLinearLeakyRelu com.microsoft::QLinearSigmoid",
     "(f32[2,3], f32[3])", "f32[2,3]", "6 activation"},  // 2*3
    {"com.microsoft::BiasGelu", "(f32[2,3], f32[3])", "f32[2,3]", "6 activation"},
    {"BitwiseAnd BitwiseOr BitwiseXor BitShift", "(i32[2,1], i32[3])", "i32[2,3]", "6 elementwise"},
    {"BitwiseNot", "(i32[2,3])", "i32[2,3]", "6 elementwise"},
    {"Xor", "(bool[2,1], bool[3])", "bool[2,3]", "6 elementwise"},
    {"IsInf IsNaN", "(f32[2,3])", "bool[2,3]", "6 elementwise"},
    {"StringConcat", "(other[2,1], other[3])", "other[2,3]", "nothing"},
    {"com.microsoft::BiasAdd", "(f32[2,3], f32[3], f32[2,3])", "f32[2,3]", "6 elementwise"},
    {"com.microsoft::ComplexMul", "(f32[2,1], f32[3])", "f32[2,3]", "6 elementwise"},
    {"com.microsoft::QLinearAdd com.microsoft::QLinearMul", "(u8[2,1], f32[], u8[], u8[3], f32[], u8[])", "u8[2,3]",
     "6 elementwise"},
    {"com.microsoft::RotaryEmbedding", "(f32[2,3], i64[1])", "f32[2,3]", "6 elementwise"},
    {"Softmax LogSoftmax com.microsoft::BiasSoftmax com.microsoft::QLinearSoftmax", "(f32[2,5])", "f32[2,5]",
     "10 softmax"},
    {"GroupNormalization InstanceNormalization LRN LpNormalization MeanVarianceNormalization com.microsoft::GroupNorm "
     "com.microsoft::SkipGroupNorm",
     "(f32[2,3,4,4])", "f32[2,3,4,4]", "96 norm"},  // 2*3*4*4
    {"CumProd CumSum", "(f32[2,5])", "f32[2,5]", "10 reduction"},
    {"ReduceL1 ReduceL2 ReduceLogSum ReduceLogSumExp ReduceMean ReduceSumSquare", "(f32[2,5])", "f32[1,1]",
     "10 reduction"},
    {"GlobalAveragePool GlobalLpPool GlobalMaxPool com.microsoft.nchwc::GlobalAveragePool "
     "com.microsoft.nchwc::GlobalMaxPool",
     "(f32[2,3,8,8])", "f32[2,3,1,1]", "6 pool"},
    {"com.ms.internal.nhwc::GlobalAveragePool com.ms.internal.nhwc::GlobalLpPool com.ms.internal.nhwc::GlobalMaxPool",
     "(f32[2,8,8,3])", "f32[2,1,1,3]", "6 pool"},
    {"com.ms.internal.nhwc::AveragePool com.ms.internal.nhwc::LpPool com.ms.internal.nhwc::MaxPool "
     "com.ms.internal.nhwc::QLinearAveragePool",
     "(f32[2,8,6,3]) {kernel_shape=[2,2] strides=[2,2]}", "f32[2,4,3,3]", "72 pool"},
    {"com.ms.internal.nhwc::InstanceNormalization com.ms.internal.nhwc::LRN", "(f32[2,8,8,3], f32[3], f32[3])",
     "f32[2,8,8,3]", "384 norm"},
    {"com.microsoft::QOrderedLayerNormalization", "(f32[2,3])", "f32[2,3]", "6 norm"},
    {"com.microsoft::QOrderedGelu", "(f32[2,3])", "f32[2,3]", "6 activation"},
    {"BlackmanWindow HammingWindow HannWindow", "(i64[]=[16])", "f32[16]", "16 elementwise"},
    {"ReverseSequence Scatter ScatterND TensorScatter Trilu com.microsoft::Trilu ai.onnx.ml::Imputer",
     "(f32[2,5], i64[2])", "f32[2,5]", "nothing"},
    {"ScatterElements", "(f32[2,5], i64[2,1], f32[2,1])", "f32[2,5]", "nothing"},
    {"ai.onnx.ml::CastMap ai.onnx.ml::CategoryMapper ai.onnx.ml::DictVectorizer ai.onnx.ml::FeatureVectorizer "
     "ai.onnx.ml::ZipMap",
     "(other?)", "other?", ""},
};

/// A node with its inputs; names are held by the words.
struct Example {
  std::deque<std::string> words;
  std::deque<Known> values;
  std::vector<const Known*> in;
  Node node;
  std::size_t outputs = 1;

  std::string_view keep(std::string word) { return words.emplace_back(std::move(word)); }
};

bool is_real(DType dtype) { return dtype == DType::f32 || dtype == DType::f64; }

double read_real(const std::string& text) {
  return text == "?" ? std::numeric_limits<double>::quiet_NaN() : static_cast<double>(std::stof(text));
}

std::vector<std::string> read_list(Cursor& line) {
  std::vector<std::string> items;
  line.expect("[", "");
  while (!line.take("]")) {
    items.emplace_back(line.take("?") ? "?" : std::string(line.number()));
    line.take(",");
  }
  return items;
}

Known read_known(Cursor& line) {
  Known known;
  known.dtype = *dtype_named(line.word());
  if (line.take("?")) return known;
  known.has_rank = true;
  for (const std::string& size : read_list(line)) known.shape.push_back(std::stoll(size));
  if (!line.take("=")) return known;
  if (is_real(known.dtype)) {
    known.reals.emplace();
    for (const std::string& item : read_list(line)) known.reals->push_back(read_real(item));
  } else {
    known.elements.emplace();
    for (const std::string& item : read_list(line)) {
      known.elements->push_back(item == "?" ? kUnknown : std::stoll(item));
    }
  }
  return known;
}

Attribute read_attribute(Cursor& line, Example& example) {
  using Kind = Attribute::Kind;
  Attribute attribute;
  attribute.name = example.keep(line.name());
  line.expect("=", "");
  if (line.next_is('"')) {
    attribute.kind = Kind::text;
    attribute.text = example.keep(line.quoted());
  } else if (line.next_is('[')) {
    const std::vector<std::string> items = read_list(line);
    const bool real = !items.empty() && items[0].find('.') != std::string::npos;
    attribute.kind = real ? Kind::reals : Kind::integers;
    for (const std::string& item : items) {
      if (real) attribute.reals.push_back(std::stod(item));
      if (!real) attribute.integers.push_back(std::stoll(item));
    }
  } else if (line.next_is('i')) {
    const Known known = read_known(line);
    attribute.kind = Kind::tensor;
    auto tensor = std::make_shared<TensorData>();
    tensor->dtype = known.dtype;
    tensor->dims = known.shape;
    tensor->ints = *known.elements;
    attribute.tensor = std::move(tensor);
  } else {
    const std::string number(line.number());
    const bool real = number.find('.') != std::string::npos;
    attribute.kind = real ? Kind::real : Kind::integer;
    attribute.real = std::stod(number);
    attribute.integer = real ? 0 : std::stoll(number);
  }
  return attribute;
}

void read_example(const std::string& text, Example& example) {
  Cursor line(text, "test", 1);
  const std::string name = line.name();
  const std::size_t colons = name.find("::");
  if (colons != std::string::npos) example.node.domain = example.keep(name.substr(0, colons));
  example.node.op_type = example.keep(colons == std::string::npos ? name : name.substr(colons + 2));
  line.expect("(", "");
  while (!line.take(")")) {
    example.in.push_back(line.take("none") ? nullptr : &example.values.emplace_back(read_known(line)));
    line.take(",");
  }
  if (line.take("->")) example.outputs = static_cast<std::size_t>(line.integer());
  if (line.take("{")) {
    while (!line.take("}")) example.node.attributes.push_back(read_attribute(line, example));
  }
  line.expect_end();
}

std::string element_text(std::int64_t element) { return element == kUnknown ? "?" : std::to_string(element); }
std::string element_text(double element) {
  if (std::isnan(element)) return "?";
  std::ostringstream out;
  out << element;
  return out.str().find('.') == std::string::npos ? out.str() + ".0" : out.str();
}

std::string list_text(const auto& items) {
  std::string text;
  for (const auto& item : items) text += (text.empty() ? "" : ",") + element_text(item);
  return "[" + text + "]";
}

std::string known_text(const Known& known) {
  std::string text = std::string(name(known.dtype)) + (known.has_rank ? list_text(known.shape) : "?");
  if (known.elements) text += "=" + list_text(*known.elements);
  if (known.reals && known.reals->size() <= 4 && known.reals->front() != 0) text += "=" + list_text(*known.reals);
  return text;
}

std::string work_text(const Work& work) {
  std::string text;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (work.by_kind[kind] == 0) continue;
    text +=
        (text.empty() ? "" : ", ") + std::to_string(work.by_kind[kind].value()) + " " + std::string(kKindNames[kind]);
  }
  return text.empty() ? "nothing" : text;
}

/// Inputs and outputs as the operator of the rule table that the node is.
std::string work_of(const Example& example, const NodeView& view, const Operator& row, const std::vector<Known>& out) {
  const Mapped mapped = row.map(view);
  const Rule* rule = find_rule(mapped.name);
  if (!rule) return "no rule";
  Trace trace;
  Op op;
  op.attrs = mapped.attrs;
  const auto add = [&](std::vector<Id>& ids, const Known* known) {
    ids.push_back(known ? static_cast<Id>(trace.values.size()) : kNone);
    if (known) trace.values.push_back({known->dtype, known->shape});
  };
  for (int i : mapped.in) add(op.in, i < 0 ? nullptr : example.in[static_cast<std::size_t>(i)]);
  for (const Known& known : out) {
    if (!known.whole()) return "";
    add(op.out, &known);
  }
  trace.op_names.push_back(mapped.name);
  return work_text(rule->formula({trace, op}));
}

void check(const std::string& text, const char* expected, const char* work, std::int64_t opset) {
  CAPTURE(text);
  Example example;
  read_example(text, example);
  const Operator* row = find_operator(example.node.domain, example.node.op_type);
  REQUIRE(row);
  const NodeView view{example.node, example.in, opset};
  std::vector<Known> out(example.outputs);
  row->infer(view, out);
  std::string results;
  for (const Known& known : out) results += (results.empty() ? "" : ", ") + known_text(known);
  CHECK(results == expected);
  CHECK(work_of(example, view, *row, out) == work);
}

std::vector<std::string> split_words(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<std::string>(in), {}};
}

std::string error_of(const std::string& text) {
  Example example;
  read_example(text, example);
  std::vector<Known> out(example.outputs);
  try {
    find_operator(example.node.domain, example.node.op_type)->infer({example.node, example.in, 28}, out);
  } catch (const Error& error) {
    return error.what();
  }
  return "no error";
}

}  // namespace

TEST_CASE("ONNX operators have the results and the work that a hand calculation gives") {
  for (const Case& row : kCases) check(row.node, row.out, row.work, row.opset);
}

TEST_CASE("ONNX operators of one family have the same results and work") {
  for (const Family& family : kFamilies) {
    for (const std::string& name : split_words(family.names))
      check(name + family.in, family.out, family.work, family.opset);
  }
}

TEST_CASE("every ONNX operator has a test, and its rule") {
  // How a determinant is worked out is the runtime's affair; "::" are trees, named as they are.
  const std::set<std::string> without = {"onnx::Det", "::"};
  std::set<std::string> tested;
  for (const Case& row : kCases) tested.insert(std::string(row.node).substr(0, std::string(row.node).find('(')));
  for (const Family& family : kFamilies) {
    for (const std::string& name : split_words(family.names)) tested.insert(name);
  }
  const Node node;
  for (const Operator& row : operators()) {
    const std::string name = (row.domain.empty() ? "" : std::string(row.domain) + "::") + std::string(row.name);
    CHECK_MESSAGE(tested.count(name), name);
    const std::string rule = row.map({node, {}, 0}).name;
    CHECK_MESSAGE((find_rule(rule) != nullptr || without.count(rule)), name);
  }
}

TEST_CASE("the ONNX domain has two names") {
  CHECK(find_operator("ai.onnx", "Conv") == find_operator("", "Conv"));
  CHECK(find_operator("", "Conv") != nullptr);
  for (const char* name : {"If", "Loop", "Scan", "SequenceMap", "conv", "", "Zzz"}) CHECK(!find_operator("", name));
  CHECK(!find_operator("com.example", "Conv"));
}

TEST_CASE("a sequence keeps what its items are") {
  const Known a{.dtype = DType::f32, .has_rank = true, .shape = {2, 3}, .elements = {}, .reals = {}, .items = {}};
  const Known b{.dtype = DType::f32, .has_rank = true, .shape = {4, 3}, .elements = {}, .reals = {}, .items = {}};
  const Known last{.dtype = DType::i64, .has_rank = true, .shape = {}, .elements = Dims{-1}, .reals = {}, .items = {}};
  Attribute axis;
  axis.name = "axis";
  axis.kind = Attribute::Kind::integer;
  Node node;
  node.attributes.push_back(axis);
  const auto run = [&](const char* name, std::vector<const Known*> in) {
    std::vector<Known> out(1);
    find_operator("", name)->infer({node, in, 28}, out);
    return out[0];
  };
  const Known both = run("SequenceConstruct", {&a, &b});
  CHECK(known_text(run("SequenceLength", {&both})) == "i64[]=[2]");
  CHECK(known_text(run("SequenceAt", {&both, &last})) == "f32[4,3]");
  CHECK(known_text(run("ConcatFromSequence", {&both})) == "f32[6,3]");
  const Known three = run("SequenceInsert", {&both, &b});
  CHECK(known_text(run("SequenceLength", {&three})) == "i64[]=[3]");
  const Known one = run("SequenceErase", {&both});
  CHECK(known_text(run("ConcatFromSequence", {&one})) == "f32[2,3]");
  const Known rows = run("SplitToSequence", {&b});
  CHECK(known_text(run("SequenceLength", {&rows})) == "i64[]=[4]");
  CHECK(known_text(run("SequenceAt", {&rows, &last})) == "f32[1,3]");
}

TEST_CASE("ONNX inference names what does not fit") {
  constexpr struct {
    const char *node, *error;
  } kErrors[] = {
      {"Conv(f32[1,3,8,8])", "input 2 is missing"},
      {"RandomNormal() {shape=[2,-7]}", "size -7 is negative"},
      {"Conv(f32[1,3,8,8], f32[4,2,3,3])", "the input has 3 channels, the weight wants 2"},
      {"Conv(f32[1,3,8,8], f32[4,3,3])", "a weight of 3 dimensions meets an input of 4"},
      {"Conv(f32[1,3,2,2], f32[4,3,3,3])", "a window does not fit in size 2"},
      {"Conv(f32[1,3,8,8], f32[4,3,3,3]) {strides=[0,1]}", "a stride or dilation is below 1"},
      {"Conv(f32[1,3,8,8], f32[4,3,3,3]) {pads=[1,1]}", "attribute pads has 2 numbers; 4 are needed"},
      {"MatMul(f32[2,3], f32[4,5])", "inner sizes differ: 3 and 4"},
      {"Add(f32[2,3], f32[4])", "sizes 3 and 4 do not broadcast"},
      {"Reshape(f32[2,3], i64[1]=[7])", "6 elements do not become 7"},
      {"Reshape(f32[2,3], i64[2]=[-1,4])", "6 elements do not part into 4"},
      {"Reshape(f32[2,3], i64[2]=[-1,-1])", "two sizes are -1"},
      {"Reshape(f32[2,3], i64[2]=[-7,4])", "size -7 is negative"},
      {"Transpose(f32[2,3]) {perm=[0,0]}", "axis 0 is named twice"},
      {"Concat(f32[2,3], f32[3,3]) {axis=1}", "sizes differ: 2 and 3"},
      {"Gather(f32[2,3], i64[1]) {axis=2}", "axis 2 is out of range for 2 dimensions"},
      {"Squeeze(f32[2,3], i64[1]=[0])", "a dimension of size 2 is squeezed"},
      {"Slice(f32[2], i64[1]=[0], i64[1]=[1], i64[1]=[0], i64[1]=[0])", "a slice has step 0"},
      {"Expand(f32[1], i64[2]=[9223372036854775807,9223372036854775807])", "no error"},
      {"Tile(f32[9223372036854775807], i64[1]=[2])", "its sizes exceed 2^63"},
      {"Flatten(f32[1,4611686018427387904,4611686018427387904])", "its sizes exceed 2^63"},
      {"Pad(f32[2], i64[2]=[9223372036854775807,1])", "a padding of 9223372036854775807 leaves no size"},
      {"Range(i64[]=[1], i64[]=[10], i64[]=[0])", "a range of that start, limit and step has no end"},
      {"Split(f32[6], i64[3]=[1,2,3]) -> 2", "the number of parts is not that of the results"},
      {"TopK(f32[3], i64[1]=[4])", "the 4 largest of 3 are asked for"},
      {"DepthToSpace(f32[1,3,2,2]) {blocksize=2}", "3 does not part into 2"},
      {"Einsum(f32[2,3]) {equation=\"ij,jk->ik\"}", "equation 'ij,jk->ik': the number of operands differs"},
      {"LSTM(f32[7,2], f32[1,16,3], f32[1,16,4])", "an input of 3 dimensions is needed"},
      {"Resize(f32[1,3], none, f32[1]=[2.0])", "one scale per axis is needed"},
  };
  for (const auto& row : kErrors) CHECK_MESSAGE(error_of(row.node) == row.error, row.node);
}

}  // namespace thoplw::onnx
