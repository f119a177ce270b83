// Tests of the shape rules: rows worked by hand, and a walk that finds rules without one. All of torch's own samples
// are in tests/python/test_op_db.py.
#include <doctest/doctest.h>

#include <set>
#include <string>

#include "operators/rule.h"
#include "operators/shape/apply_test.h"
#include "operators/shape/rules.h"

namespace thoplw {
namespace {

struct Case {
  const char* op;
  const char* args;
  const char* results;
};

// clang-format off
constexpr Case kCases[] = {
    // Element by element: sizes broadcast, strides follow the operands, first come first.
    {"aten::relu", "f32[2,3]", "f32[2,3]"},
    {"aten::relu", "f32[2,3]@[1,2]", "f32[2,3]@[1,2]"},          // column-major stays so
    {"aten::relu", "f32[2,3]@[6,2]", "f32[2,3]"},                // every second element: gaps close
    {"aten::relu", "f32[4,3]@[0,1]", "?"},                       // expanded: torch takes several steps, which may differ
    {"aten::add", "f32[4,3]@[0,1] 1 1", "f32[4,3]"},             // one step
    {"aten::relu", "i64[2]", "?"},                               // rare; torch is asked
    {"aten::gelu", "bf16[1,8,4,4]@[128,1,32,8] 'none'", "bf16[1,8,4,4]@[128,1,32,8]"},  // channels last
    {"aten::clamp", "f32[3] 0 6", "f32[3]"},
    {"aten::clamp", "f32[2,3]@[1,2] f32[] f32[]", "f32[2,3]@[1,2]"},
    {"aten::clamp", "f32[2,3] none f32[4,1,1]", "f32[4,2,3]"},
    {"aten::clamp", "i64[3] i64[3] none", "?"},
    {"aten::add", "f32[4,1] f32[3] 1", "f32[4,3]"},
    {"aten::add", "f32[2,3]@[1,2] f32[2,3] 1", "f32[2,3]@[1,2]"},
    {"aten::add", "f32[2,3] f32[2,3]@[1,2] 1", "f32[2,3]"},
    {"aten::add", "f32[2] 1 1", "f32[2]"},
    {"aten::add", "i64[2] 1.5 1", "?"},                          // the default type is not known
    {"aten::add", "f32[4] f32[3] 1", "?"},                       // does not broadcast
    {"aten::mul", "bf16[2] f32[]", "bf16[2]"},                   // no dimensions: only the category counts
    {"aten::mul", "bf16[2] f32[2]", "f32[2]"},
    {"aten::mul", "f32[2] i64[2]", "f32[2]"},
    {"aten::mul", "f16[2] bf16[2]", "?"},
    {"aten::mul", "i32[2] i64[2]", "i64[2]"},
    {"aten::mul", "bool[2] bool[2]", "?"},
    {"aten::div", "f32[2] i64[]", "f32[2]"},
    {"aten::div", "i64[2] i64[2]", "?"},                         // the default type again
    {"aten::div", "f32[2] f32[2] 'floor'", "f32[2]"},
    {"aten::div", "f32[3,2]@[1,3] 2 'floor'", "?"},              // several steps
    {"aten::div", "i64[2] 2 'floor'", "?"},
    {"aten::pow", "f32[2,1] f32[3]", "f32[2,3]"},
    {"aten::floor_divide", "i64[4,3] 2", "i64[4,3]"},
    {"aten::floor_divide", "i64[4,3]@[1,4] 2", "?"},
    {"aten::rsub", "f32[2,3]@[1,2] f32[2,3] 1", "f32[2,3]"},     // the second comes first
    {"aten::logical_and", "bool[2,1] bool[3]", "bool[2,3]"},
    {"aten::logical_and", "f32[2] f32[2]", "?"},
    {"aten::eq", "f32[2,1] f32[3]", "bool[2,3]"},
    {"aten::addcmul", "f32[2] f32[2] f32[1] 1", "f32[2]"},
    {"aten::where", "bool[2,1] f32[3] 0.0", "f32[2,3]"},
    {"aten::where", "bool[2] 1.0 0.0", "?"},
    {"aten::masked_fill", "f32[2,3]@[1,2] bool[3] 0.0", "f32[2,3]"},  // contiguous whatever came
    {"aten::dropout", "f32[2] 0.5 false", "same"},
    {"aten::dropout", "f32[2] 0.5 true", "f32[2]"},
    {"aten::dropout", "f32[2] 0.0 true", "same"},
    {"aten::dropout", "f32[0] 0.5 true", "same"},
    {"aten::dropout", "f32[2] 1.5 true", "?"},
    {"aten::feature_dropout", "f32[2,3] 0.5 false", "same"},
    {"aten::feature_dropout", "f32[2,3] 0.5 true", "?"},
    {"aten::glu", "f32[2,6] -1", "f32[2,3]"},
    {"aten::glu", "f32[2,5] -1", "?"},

    // Convolutions.
    {"aten::conv2d", "f32[1,3,224,224] f32[64,3,7,7] none [2,2] [3,3] [1,1] 1", "f32[1,64,112,112]"},  // (224+6-7)/2+1
    {"aten::conv2d", "f32[3,10,10] f32[4,3,3,3] f32[4] [1,1] [0,0] [2,2] 1", "f32[4,6,6]"},  // 10-2*2, no batch
    {"aten::conv2d", "f32[1,4,8,8]@[256,1,32,4] f32[6,2,1,1] none [1,1] [0,0] [1,1] 2", "f32[1,6,8,8]"},
    {"aten::conv2d", "f32[1,3,8,8] f32[4,3,3,3] none [1,1] 'same' [1,1] 1", "f32[1,4,8,8]"},
    {"aten::conv2d", "f32[1,3,8,8] f32[4,3,3,3] none [1,1] 'valid' [1,1] 1", "f32[1,4,6,6]"},
    {"aten::conv2d", "f32[1,3,8,8] f32[4,4,3,3] none [1,1] [0,0] [1,1] 1", "?"},  // 3 channels for 4
    {"aten::conv2d", "f32[1,3,2,2] f32[4,3,3,3] none [1,1] [0,0] [1,1] 1", "?"},  // kernel larger than input
    {"aten::conv2d", "f32[1,3,8,8] bf16[4,3,3,3] none [1,1] [0,0] [1,1] 1", "?"},
    {"aten::conv1d", "f32[2,3,10] f32[4,3,3] none [1] [0] [1] 1", "f32[2,4,8]"},
    {"aten::conv_transpose2d", "f32[2,4,5,5] f32[4,3,3,3] none [2,2] [1,1] [1,1] 2 [1,1]", "f32[2,6,10,10]"},  // 4*2-2+2+1+1
    {"aten::convolution", "f32[1,3,8,8] f32[4,3,3,3] none [1,1] [1,1] [1,1] false [0,0] 1", "f32[1,4,8,8]"},
    {"aten::convolution", "f32[1,4,5] f32[4,3,3] none [1] [0] [1] true [0] 1", "f32[1,3,7]"},  // 4+2+1

    // Matrix products: new and contiguous.
    {"aten::linear", "f32[2,5,7] f32[3,7] f32[3]", "f32[2,5,3]"},
    {"aten::linear", "f32[7] f32[3,7] none", "f32[3]"},
    {"aten::linear", "f32[2,6] f32[3,7] none", "?"},
    {"aten::matmul", "f32[2,1,4,5] f32[3,5,6]", "f32[2,3,4,6]"},
    {"aten::matmul", "f32[5] f32[5]", "f32[]"},
    {"aten::matmul", "f32[4,5] f32[5]", "f32[4]"},
    {"aten::matmul", "f32[5] f32[2,5,3]", "f32[2,3]"},
    {"aten::matmul", "f32[4,5] f32[4,5]", "?"},
    {"aten::mm", "f32[4,5]@[1,4] f32[5,6]", "f32[4,6]"},
    {"aten::bmm", "f32[2,4,5] f32[2,5,6]", "f32[2,4,6]"},
    {"aten::bmm", "f32[2,4,5] f32[3,5,6]", "?"},
    {"aten::addmm", "f32[6] f32[4,5] f32[5,6] 1 1", "f32[4,6]"},
    {"aten::addmm", "f32[5] f32[4,5] f32[5,6] 1 1", "?"},
    {"aten::baddbmm", "f32[2,4,6] f32[2,4,5] f32[2,5,6] 1 1", "f32[2,4,6]"},
    {"aten::einsum", "'bid,bjd->bij' (f32[2,4,5];f32[2,6,5]) none", "f32[2,4,6]"},
    {"aten::einsum", "'bid,bjd->bji' (f32[2,4,5];f32[2,6,5]) none", "f32[2,6,4]@[24,1,6]"},  // [b, i, j] transposed
    {"aten::einsum", "'bhwc,wkc->bhwk' (f32[2,3,4,5];f32[4,6,5]) none", "f32[2,3,4,6]@[18,6,36,1]"},  // [w, bh, k]
    {"aten::einsum", "'bid,bjd->bij' (f32[1,4,5];f32[1,6,5]) none", "?"},      // odd strides
    {"aten::einsum", "'...d,d->...' (f32[2,5];f32[5]) none", "?"},
    {"aten::_grouped_mm", "f32[8,5] f32[3,5,6] i32[3] none none", "f32[8,6]"},
    {"aten::_grouped_mm", "bf16[3,4,5] bf16[5,8] i32[3] none :f32", "f32[4,8]"},
    {"aten::_grouped_mm", "f32[8,5] f32[3,5,6] i32[4] none none", "?"},  // 4 offsets for 3 experts
    {"aten::_grouped_mm", "f32[3,4,5] f32[3,5,6] none none none", "?"},  // a batch without groups
    {"aten::_grouped_mm", "f32[8,5] f32[3,5,6] i32[3] f32[6] none", "?"},
    {"transformers::grouped_mm_fallback", "f32[8,5] f32[3,5,6] i32[3]", "f32[8,6]"},
    {"aten::scaled_dot_product_attention", "f32[2,8,5,16] f32[2,8,7,16] f32[2,8,7,32] none 0.0 false none false", "f32[2,8,5,32]"},
    {"aten::scaled_dot_product_attention", "f32[2,8,5,16] f32[2,2,7,16] f32[2,2,7,16] none 0.0 false none true", "f32[2,8,5,16]"},  // 8 heads on 2
    {"aten::scaled_dot_product_attention", "f32[2,8,5,16] f32[2,2,7,16] f32[2,2,7,16] none 0.0 false none false", "?"},
    {"aten::scaled_dot_product_attention", "f32[2,8,5,16] f32[1,1,7,16] f32[2,1,7,32] none 0.0 false none false", "f32[2,8,5,32]"},
    {"aten::scaled_dot_product_attention", "f32[1,8,5,16] f32[2,2,7,16] f32[2,2,7,16] f32[5,7] 0.0 false none true", "?"},
    {"aten::linalg_solve_triangular", "f32[3,3] f32[2,3,5] false true true", "f32[2,3,5]@[15,1,3]"},  // by columns
    {"aten::linalg_solve_triangular", "f32[3,3] f32[5,3] false false true", "f32[5,3]@[1,5]"},
    {"aten::linalg_solve_triangular", "f32[3,3] f32[5,3] false true true", "?"},  // 5 rows, 3 wanted

    // Normalisations.
    {"aten::batch_norm", "f32[2,3,4,4] f32[3] f32[3] f32[3] f32[3] false 0.1 1.0 true", "f32[2,3,4,4]"},
    {"aten::batch_norm", "f32[2,3,4,4]@[48,1,12,3] f32[3] f32[3] f32[3] f32[3] false 0.1 1.0 true", "f32[2,3,4,4]@[48,1,12,3]"},
    {"aten::batch_norm", "f32[2,3,4,4] f32[4] f32[4] f32[4] f32[4] false 0.1 1.0 true", "?"},
    {"aten::batch_norm", "f32[2,3] none none none none false 0.1 1.0 true", "?"},  // no statistics to use
    {"aten::batch_norm", "f32[2,3,1]@[3,1,1] f32[3] f32[3] f32[3] f32[3] false 0.1 1.0 true", "f32[2,3,1]"},  // odd, but contiguous
    {"aten::batch_norm", "f32[2,3,1,1]@[1,2,1,1] none none f32[3] f32[3] false 0.1 1.0 true", "?"},  // odd, in fewer steps
    {"aten::native_batch_norm", "bf16[2,3] none none none none true 0.1 1.0", "bf16[2,3] f32[3] f32[3]"},
    {"aten::layer_norm", "f32[2,3,4]@[3,1,6] [3,4] f32[3,4] f32[3,4] 1.0 true", "f32[2,3,4]"},
    {"aten::layer_norm", "f32[2,3,4] [3] none none 1.0 true", "?"},
    {"aten::native_layer_norm", "f32[2,3,4] [4] none none 1.0", "f32[2,3,4] f32[2,3,1] f32[2,3,1]"},
    {"aten::layer_norm", "f32[3,1,2]@[2,24,1] [2] none none 1.0 true", "f32[3,1,2]@[2,6,1]"},  // an odd stride decides the order
    {"aten::group_norm", "f32[2,6,4] 3 f32[6] f32[6] 1.0 true", "f32[2,6,4]"},
    {"aten::group_norm", "f32[2,6,4] 4 none none 1.0 true", "?"},
    {"aten::group_norm", "f32[2,6,4]@[24,1,6] 3 f32[6] f32[6] 1.0 true", "f32[2,6,4]"},
    {"aten::group_norm", "f32[2,6,1]@[6,1,1] 3 f32[6] f32[6] 1.0 true", "f32[2,6,1]"},
    {"aten::group_norm", "f32[1,6,4]@[99,4,1] 3 f32[6] f32[6] 1.0 true", "f32[1,6,4]"},
    {"aten::group_norm", "f32[2,6,1]@[6,1,9] 3 f32[6] f32[6] 1.0 true", "?"},  // contiguous with an odd stride
    {"aten::instance_norm", "f32[2,3,4] none none none none true 0.1 1.0 true", "f32[2,3,4]"},
    {"aten::rms_norm", "f32[2,3] [3] f32[3] none", "f32[2,3]"},
    {"aten::rms_norm", "f32[2,3]@[1,2] [3] f32[3] none", "f32[2,3]"},
    {"aten::rms_norm", "f32[2,1,3]@[3,9,1] [3] f32[3] none", "?"},  // contiguous with an odd stride
    {"aten::softmax", "f32[2,3]@[1,2] -1 none", "f32[2,3]"},
    {"aten::softmax", "bf16[2,3] -1 :f32", "f32[2,3]"},
    {"aten::_softmax", "f16[2,3] 1 true", "?"},
    {"aten::_log_softmax", "f32[2,3] 2 false", "?"},             // no such dimension

    // Poolings keep the memory format.
    {"aten::max_pool1d", "f32[3,8] [2] [] [0] [1] false", "f32[3,4]"},
    {"aten::max_pool2d", "f32[1,64,112,112] [3,3] [2,2] [1,1] [1,1] false", "f32[1,64,56,56]"},  // (112+2-3)/2+1
    {"aten::max_pool2d", "f32[1,2,6,6]@[72,1,12,2] [2,2] [] [0,0] [1,1] false", "f32[1,2,3,3]@[18,1,6,2]"},
    {"aten::max_pool2d", "f32[1,2,6,6] [3,3] [2,2] [0,0] [1,1] false", "f32[1,2,2,2]"},  // (6-3)/2+1, rounded down
    {"aten::max_pool2d", "f32[1,2,6,6] [3,3] [2,2] [0,0] [1,1] true", "f32[1,2,3,3]"},   // and up
    {"aten::max_pool2d", "f32[1,2,6,6] [3,3] [2,2] [2,2] [1,1] false", "?"},             // padding over half the kernel
    {"aten::max_pool3d", "f32[1,2,4,4,4] [2] [] [0] [1] false", "f32[1,2,2,2,2]"},
    {"aten::max_pool2d_with_indices", "f32[1,2,4,4] [2,2] [] [0,0] [1,1] false", "f32[1,2,2,2] i64[1,2,2,2]"},
    {"aten::avg_pool1d", "f32[1,3,8] [2] [] [0] false true", "f32[1,3,4]"},
    {"aten::avg_pool2d", "f32[1,3,8,8] [2,2] [2,2] [0,0] false true none", "f32[1,3,4,4]"},
    {"aten::avg_pool3d", "f32[1,3,8,8,8] [2] [] [0] false true none", "f32[1,3,4,4,4]"},
    {"aten::adaptive_avg_pool1d", "f32[3,8] [2]", "f32[3,2]"},
    {"aten::adaptive_avg_pool2d", "f32[1,512,7,7] [1,1]", "f32[1,512,1,1]"},
    {"aten::adaptive_avg_pool2d", "f32[2,3,4,4]@[48,1,12,3] [2,2]", "f32[2,3,2,2]@[12,1,6,3]"},
    {"aten::adaptive_avg_pool3d", "f32[1,3,4,4,4] [1,2,2]", "f32[1,3,1,2,2]"},
    {"aten::upsample_nearest2d", "f32[1,3,4,4] [8,8] none none", "f32[1,3,8,8]"},
    {"aten::upsample_bilinear2d", "f32[1,3,4,4] none false [2.0,1.5]", "f32[1,3,8,6]"},  // by factors
    {"aten::upsample_bilinear2d", "f32[1,3,5,5] none false [1.5,0.3]", "f32[1,3,7,1]"},  // 7.5 and 1.5, cut off
    {"aten::upsample_bilinear2d", "f32[1,3,4,4] none false [0.1,0.1]", "?"},             // nothing is left
    {"aten::upsample_bilinear2d", "f32[1,3,4,4] none false <>", "?"},
    {"aten::upsample_nearest1d", "f32[1,3,4] none [2.0]", "f32[1,3,8]"},
    {"aten::upsample_trilinear3d", "f32[1,3,4,4,4] none true [2.0,1.0,0.5]", "f32[1,3,8,4,2]"},
    {"aten::pixel_shuffle", "f32[1,8,3,3] 2", "f32[1,2,6,6]"},
    {"aten::pixel_unshuffle", "f32[1,2,6,6] 2", "f32[1,8,3,3]"},
    {"aten::grid_sampler", "f32[1,2,6,6] f32[1,3,5,2] 0 0 false", "f32[1,2,3,5]"},
    {"aten::grid_sampler", "f32[1,2,4,6,6] f32[1,3,5,7,3] 0 0 false", "f32[1,2,3,5,7]"},
    {"aten::grid_sampler", "f32[1,2,6,6] f32[1,3,5,3] 0 0 false", "?"},  // 3 coordinates in an image
    {"aten::grid_sampler", "f32[2,3,8,8] f32[2,5,6,2]@[240,48,8,1] 0 0 false", "f32[2,3,5,6]"},
    {"aten::grid_sampler_2d", "f32[1,2,6,6] f32[1,3,5,2] 2 0 false", "f32[1,2,3,5]"},
    {"aten::grid_sampler_3d", "f32[1,2,4,6,6] f32[1,3,5,7,3] 2 0 false", "?"},  // bicubic is for images
    {"aten::im2col", "f32[2,3,6,8] [2,3] [1,1] [0,0] [2,1]", "f32[2,18,18]"},   // 3*2*3; 3*6 places
    {"aten::im2col", "f32[2,3,6,8] [7,1] [1,1] [0,0] [1,1]", "?"},              // taller than the image
    {"aten::col2im", "f32[2,18,18] [6,8] [2,3] [1,1] [0,0] [2,1]", "f32[2,3,6,8]"},
    {"aten::col2im", "f32[2,18,17] [6,8] [2,3] [1,1] [0,0] [2,1]", "?"},

    // Recurrent: 7 steps of a batch of 2.
    {"aten::lstm", "f32[7,2,5] (f32[1,2,4];f32[1,2,4]) (f32[16,5];f32[16,4]) false 1 0.0 false false false", "f32[7,2,4] f32[1,2,4] f32[1,2,4]"},
    {"aten::lstm", "f32[2,7,5] (f32[2,2,3];f32[2,2,4]) (f32[16,5];f32[16,3]) false 1 0.0 false true true", "f32[2,7,6]@[6,12,1] f32[2,2,3] f32[2,2,4]"},  // both ways, projected
    {"aten::lstm", "f32[7,2,6] (f32[1,2,4];f32[1,2,4]) (f32[16,5];f32[16,4]) false 1 0.0 false false false", "?"},  // 6 features, 5 wanted
    {"aten::gru", "f32[7,2,5] f32[2,2,4] (f32[12,5];f32[12,4]) false 2 0.0 false false false", "f32[7,2,4] f32[2,2,4]"},
    {"aten::lstm_cell", "f32[2,5] (f32[2,4];f32[2,4]) f32[16,5] f32[16,4] f32[16] f32[16]", "f32[2,4] f32[2,4]"},
    {"aten::lstm_cell", "f32[2,5] (f32[2,4];f32[2,4]) f32[12,5] f32[12,4] none none", "?"},  // 3 gates, 4 wanted
    {"aten::gru_cell", "f32[2,5] f32[2,4] f32[12,5] f32[12,4] f32[12] f32[12]", "f32[2,4]"},
    {"aten::gru_cell", "f32[2,5] f32[2,4]@[1,2] f32[12,5] f32[12,4] none none", "?"},  // would come out in its order
    {"aten::rnn_tanh_cell", "f32[2,5] f32[2,4] f32[4,5] f32[4,4] f32[4] f32[4]", "f32[2,4]"},
    {"aten::rnn_relu_cell", "f32[2,5] f32[3,4] f32[4,5] f32[4,4] none none", "?"},
    {"aten::gru", "f32[9,5] i64[7] f32[1,2,4] (f32[12,5];f32[12,4]) false 1 0.0 false false", "?"},  // packed
    {"aten::rnn_tanh", "f32[7,2,5] f32[1,3,4] (f32[4,5];f32[4,4]) false 1 0.0 false false false", "?"},  // state of a batch of 3
    {"aten::rnn_relu", "f32[7,2,5] f32[1,2,4] (f32[4,5];f32[4,4]) false 1 0.0 false false false", "f32[7,2,4] f32[1,2,4]"},

    // Reductions.
    {"aten::mean", "f32[2,3,4] [-1,1] true none", "f32[2,1,1]"},
    {"aten::mean", "f32[2,3] none", "f32[]"},
    {"aten::mean", "i64[2,3] [0] false none", "?"},
    {"aten::sum", "i32[2,3] [0] false none", "i64[3]"},          // integers are summed in i64
    {"aten::sum", "f32[2,3] [0,0] false none", "?"},
    {"aten::amax", "f32[2,3] [] false", "f32[]"},
    {"aten::linalg_vector_norm", "f32[2,1]@[1,2] 2.0 [1] true none", "?"},  // the absolute value
    {"aten::linalg_vector_norm", "f32[2,3] 2.0 [1] true none", "f32[2,1]"},
    {"aten::var", "f32[2,3] [1] 1 false", "f32[2]"},
    {"aten::cumsum", "f32[2,3] 0 none", "f32[2,3]"},
    {"aten::cumsum", "f32[2,3]@[1,2] 0 none", "?"},
    {"aten::cumsum", "i32[4] 0 :i32", "i32[4]"},
    {"aten::cumsum", "bool[4] 0 none", "i64[4]"},
    {"aten::cumsum", "f32[4] 1 none", "?"},

    // Views.
    {"aten::alias", "f32[2,3]@[1,2]", "view f32[2,3]@[1,2]"},
    {"aten::view", "f32[2,3,4] [2,-1]", "view f32[2,12]"},
    {"aten::view", "f32[2,3]@[1,2] [6]", "?"},                   // would need a copy
    {"aten::view", "f32[2,3] [7]", "?"},
    {"aten::view", "f32[2,6]@[12,1] [2,2,3]", "view f32[2,2,3]@[12,3,1]"},  // within the rows of a wider matrix
    {"aten::view", "f32[2,3] :bf16", "?"},
    {"aten::view_as", "f32[6] i64[2,3]", "view f32[2,3]"},
    {"aten::reshape", "f32[2,3]@[1,2] [6]", "f32[6]"},           // the copy
    {"aten::reshape", "f32[2,3] [-1,2]", "view f32[3,2]"},
    {"aten::reshape", "f32[0,3] [0,-1]", "?"},                   // any size would do
    {"aten::reshape_as", "f32[6] f32[2,3]", "view f32[2,3]"},
    {"aten::flatten", "f32[2,3,4] 1 -1", "view f32[2,12]"},
    {"aten::flatten", "f32[2,3] 1 1", "same"},
    {"aten::unflatten", "f32[2,12] 1 [3,-1]", "view f32[2,3,4]"},
    {"aten::expand", "f32[3,1] [2,-1,4] false", "view f32[2,3,4]@[0,1,0]"},
    {"aten::expand", "f32[3,2] [3,4] false", "?"},
    {"aten::expand_as", "f32[1] f32[2,2]", "view f32[2,2]@[0,0]"},
    {"aten::permute", "f32[2,3,4] [2,0,-2]", "view f32[4,2,3]@[1,12,4]"},
    {"aten::permute", "f32[2,3] [0,0]", "?"},
    {"aten::transpose", "f32[2,3,4] 1 -1", "view f32[2,4,3]@[12,1,4]"},
    {"aten::t", "f32[2,3]", "view f32[3,2]@[1,3]"},
    {"aten::t", "f32[3]", "view f32[3]"},
    {"aten::mT", "f32[2,3,4]", "view f32[2,4,3]@[12,1,4]"},
    {"aten::movedim", "f32[2,3,4] 0 -1", "view f32[3,4,2]@[4,1,12]"},
    {"aten::movedim", "f32[2,3,4] [0,1] [1,0]", "view f32[3,2,4]@[4,12,1]"},
    {"aten::select", "f32[2,3] 0 -1", "view f32[3]+3"},
    {"aten::select", "f32[2,3] 0 2", "?"},
    {"aten::slice", "f32[10] 0 2 9223372036854775807 3", "view f32[3]@[3]+2"},  // 2 5 8
    {"aten::slice", "f32[2,4] 1 -2 none 1", "view f32[2,2]@[4,1]+2"},
    {"aten::slice", "f32[4] 0 3 1 1", "view f32[0]+3"},
    {"aten::narrow", "f32[2,4] 1 1 2", "view f32[2,2]@[4,1]+1"},
    {"aten::narrow", "f32[2,4] 1 3 2", "?"},
    {"aten::split", "f32[5] 2 0", "view f32[2] view f32[2]+2 view f32[1]+4"},
    {"aten::split", "f32[2,3] [1,2] 1", "view f32[2,1]@[3,1] view f32[2,2]@[3,1]+1"},
    {"aten::split", "f32[3] [1,1] 0", "?"},
    {"aten::chunk", "f32[5] 2 0", "view f32[3] view f32[2]+3"},
    {"aten::unbind", "f32[2,3] 0", "view f32[3] view f32[3]+3"},
    {"aten::squeeze", "f32[1,2,1]", "view f32[2]"},
    {"aten::squeeze", "f32[1,2,1] -1", "view f32[1,2]"},
    {"aten::squeeze", "f32[1,2,1] [0,1]", "view f32[2,1]"},
    {"aten::unsqueeze", "f32[2,3] 1", "view f32[2,1,3]"},
    {"aten::unsqueeze", "f32[2,3] 3", "?"},
    {"aten::unfold", "f32[2,8] 1 4 2", "view f32[2,3,4]@[8,2,1]"},  // from 0, 2 and 4
    {"aten::as_strided", "f32[6] [2,2] [3,1] none", "view f32[2,2]@[3,1]"},
    {"aten::as_strided", "f32[6] [2,2] [3,1] 1", "?"},           // counts from the storage's beginning

    // Copies.
    {"aten::clone", "f32[2,3]@[1,2] none", "f32[2,3]@[1,2]"},
    {"aten::clone", "f32[2,3]@[1,2] <torch.contiguous_format>", "f32[2,3]"},
    {"aten::contiguous", "f32[2,3] 0", "same"},                  // 0: the schema's default, contiguous_format
    {"aten::contiguous", "f32[2,3]@[1,2] 0", "f32[2,3]"},
    {"aten::contiguous", "f32[1,3,2,2] <torch.channels_last>", "f32[1,3,2,2]@[12,1,6,3]"},
    {"aten::to", "f32[2,3]@[1,2] :bf16 false false none", "bf16[2,3]@[1,2]"},
    {"aten::to", "f32[2] :f32 false false none", "same"},
    {"aten::to", "f32[2] :f32 false true none", "f32[2]"},
    {"aten::to", "f32[2] <> none false false none", "?"},        // a device
    {"aten::_to_copy", "i64[2] :f32 none none none false none", "f32[2]"},
    {"aten::zeros_like", "f32[2,3]@[1,2] none none none none none", "f32[2,3]@[1,2]"},
    {"aten::full_like", "f32[2] 1.0 :i64 none none none none", "i64[2]"},
    {"aten::new_zeros", "f32[2] [3,4] none none none none", "f32[3,4]"},
    {"aten::new_full", "f32[2] [3] 1 :bool none none none", "bool[3]"},
    {"aten::cat", "(f32[2,3];f32[2,4]) 1", "f32[2,7]"},
    {"aten::cat", "(f32[1,2,3,3]@[18,1,6,2];f32[1,1,3,3]) 1", "f32[1,3,3,3]"},  // formats differ
    {"aten::cat", "(f32[2,2,3,3]@[18,1,6,2];f32[2,2,3,3]@[18,1,6,2]) 1", "f32[2,4,3,3]@[36,1,12,4]"},
    {"aten::cat", "(f32[2,3];f32[3,3]) 1", "?"},
    {"aten::cat", "(f32[0];f32[2,3]) 1", "f32[2,3]"},            // an empty cache
    {"aten::cat", "(f32[0,3];f32[2,4]) 0", "?"},
    {"aten::cat", "(f32[2];bf16[2]) 0", "?"},
    {"aten::stack", "(f32[2,3];f32[2,3]) -1", "f32[2,3,2]"},
    {"aten::stack", "(f32[2,3]@[1,2];f32[2,3]) 0", "f32[2,2,3]"},
    {"aten::stack", "(f32[1,4,1,1]@[4,1,4,4];f32[1,4,1,1]@[4,1,4,4]) 3", "?"},  // as channels last
    {"aten::pad", "f32[1,2,4] [1,2] 'constant' none", "f32[1,2,7]"},
    {"aten::pad", "f32[1,2,4] [1,2] 'reflect' none", "?"},
    {"aten::constant_pad_nd", "f32[2,4] [0,1,3,0] 0", "f32[5,5]"},  // last dimension first: 4+0+1, 2+3+0
    {"aten::constant_pad_nd", "f32[2,4] [-1,0] 0", "?"},
    {"aten::roll", "f32[2,3]@[1,2] [1] [0]", "f32[2,3]"},
    {"aten::tril", "f32[3,3]@[1,3] 0", "f32[3,3]"},
    {"aten::repeat", "f32[3] [2,2]", "f32[2,6]"},

    // Factories of a given type.
    {"aten::zeros", "[2,3] :f32 none none none", "f32[2,3]"},
    {"aten::empty", "[2,3] :f32 none none none none", "f32[2,3]"},
    {"aten::empty", "[2,3] :f32 none none none 'torch.channels_last'", "?"},
    {"aten::ones", "[2] none none none none", "?"},              // the default type is not known
    {"aten::full", "[2,3] 1.5 :i64 none none none", "i64[2,3]"},
    {"aten::full", "[-1] 1.5 :i64 none none none", "?"},
    {"aten::scalar_tensor", "1 :f32 none none none", "f32[]"},
    {"aten::arange", "5 none none none none", "i64[5]"},
    {"aten::arange", "1 8 3 :f32 none none none", "f32[3]"},  // 1 4 7
    {"aten::arange", "8 1 -3 none none none none", "i64[3]"},  // 8 5 2
    {"aten::arange", "1 8 none none none none", "i64[7]"},
    {"aten::arange", "5.0 none none none none", "?"},  // torch's default type
    {"aten::arange", "3 1 none none none none", "?"},

    // Picking by integers.
    {"aten::index", "f32[169,3] (i64[2401])", "f32[2401,3]"},
    {"aten::index", "f32[4,5,6] (none;i64[2,1];i64[3])", "f32[4,2,3]"},
    {"aten::index", "f32[4,5,6] (i64[2];none;i64[2])", "?"},     // not side by side
    {"aten::index", "f32[4,5] (i64[])", "?"},
    {"aten::index", "f32[4] (bool[4])", "?"},                    // depends on values
    {"aten::index_select", "f32[4,5] 1 i64[3]", "f32[4,3]"},
    {"aten::gather", "f32[4,5] 1 i64[4,9]", "f32[4,9]"},
    {"aten::gather", "f32[4,5] 1 i64[5,1]", "?"},
    {"aten::one_hot", "i64[2,5] 7", "i64[2,5,7]"},
    {"aten::one_hot", "i64[2,5] -1", "?"},                       // as many as the largest says
    {"aten::embedding", "f32[100,8] i64[2,5] -1 false false", "f32[2,5,8]"},
};
// clang-format on

TEST_CASE("shape rules") {
  for (const Case& row : kCases) {
    INFO(row.op, " on ", row.args);
    const Rule* rule = find_rule(row.op);
    REQUIRE(rule);
    REQUIRE((rule->shape != nullptr));
    CHECK(shape::apply(rule->shape, row.args) == std::string(row.results));
  }
}

TEST_CASE("every shape rule has a test that it answers and takes no arguments for granted") {
  std::set<ShapeFn> tested;
  for (const Case& row : kCases) {
    if (std::string(row.results) != "?") tested.insert(find_rule(row.op)->shape);
  }
  for (const Rule& rule : rules()) {
    if (!rule.shape) continue;
    INFO(rule.name);
    CHECK(tested.contains(rule.shape));
    for (const char* args : {"", "none", "none none none", "f32[]", "f32[] none none none none none none none"}) {
      shape::apply(rule.shape, args);  // must not crash
    }
  }
}

}  // namespace
TEST_CASE("attention by a fused kernel is laid out as its queries, and else as by the plain one") {
  const auto attention = [](std::string_view args) { return shape::apply(shape::fused_attention, args); };
  const std::string heads_last = "f32[2,4,3,8]@[96,8,32,1]";
  const std::string three = heads_last + " f32[2,4,5,8] f32[2,4,5,8] none ";
  CHECK(attention(three + "0.0 false none false") == heads_last);
  CHECK(attention(three + "0.1 false none false") == "f32[2,4,3,8]");  // dropout
  CHECK(attention(heads_last + " f32[2,4,5,8] f32[2,4,5,6] none 0.0 false none false") == "f32[2,4,3,6]");
  CHECK(attention(heads_last + " f32[2,1,5,8] f32[2,1,5,8] none 0.0 false none false") == "f32[2,4,3,8]");
  CHECK(attention(heads_last + " f32[2,2,5,8] f32[2,2,5,8] none 0.0 false none true") == heads_last);
}

}  // namespace thoplw
