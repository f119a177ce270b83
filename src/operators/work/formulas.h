// All work formulas. Each is defined with its words, and most serve several operators.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/formula.h"
#include "operators/work/reading.h"

namespace thoplw::work {

// One kind each, in elements.
extern const Formula nothing;
extern const Formula elementwise;
extern const Formula activation;
extern const Formula bias;
extern const Formula pool;
extern const Formula resize;
extern const Formula softmax;
extern const Formula norm;
extern const Formula reduction;
extern const Formula fourier;
extern const Formula registered;     ///< attribute `flops`, two for each multiply-add
extern const Formula embedding_bag;  ///< (weight[rows, dim], indices, ...)

// Contractions, in multiply-adds; where a bias is given, `bias` holds the output elements that it is added to.
extern const Formula convolution;            ///< (input, weight, bias, ...)
extern const Formula conv_transpose;         ///< (input, weight, bias, ...)
extern const Formula either_convolution;     ///< as the attribute `transposed` says
extern const Formula convolution_backward;   ///< (gradient, input, weight, ...) -> those of input, weight and bias
extern const Formula deform_conv;            ///< (input, weight, offsets, mask, bias, ...)
extern const Formula conv_tbc;               ///< (input[T, N, in], weight[k, in, out], bias)
extern const Formula linear;                 ///< (input[..., in], weight[out, in], bias)
extern const Formula inner;                  ///< (a[..., in], b[..., in]), or a scalar and anything
extern const Formula packed_linear;          ///< (input[..., in], anything...) -> [..., out]
extern const Formula packed_convolution;     ///< (input, weight, ...), the weight of any rank
extern const Formula packed_conv_transpose;  ///< (input, weight, ...), the weight of any rank
extern const Formula matmul;                 ///< (a, b): vectors, matrices or batches, broadcast
extern const Formula addmm;                  ///< (added, a, b)
extern const Formula baddbmm;                ///< (added, a[N, n, k], b[N, k, m])
extern const Formula sampled_product;        ///< (sampled, a[n, k], b[k, m])
extern const Formula distances;              ///< (a[..., n, k], b[..., m, k]) -> [..., n, m]; or (a[n, k]) -> pairs
extern const Formula affine_grid;            ///< (matrices[N, d, d + 1]) -> [N, ..., d]
extern const Formula addbmm;                 ///< (added, a[N, n, k], b[N, k, m]), summed over N
extern const Formula grouped_mm;             ///< (a, b, ...): one matrix product per group of rows
extern const Formula einsum;                 ///< (operands...), attributes `equation` and `path`
extern const Formula tensordot;              ///< (a, b), attribute `dims_self`
extern const Formula bilinear;               ///< (a[..., in1], b[..., in2], weight[out, in1, in2], bias)
extern const Formula trilinear;              ///< (a, b, c), attributes `expand1`, `expand2`, `expand3`

extern const Formula attention;              ///< (q[..., L, E], k[..., S, E], v[..., S, Ev], ...)
extern const Formula attention_by_position;  ///< (q[N, L, heads, E], k[N, S, ...], v[N, S, ..., Ev], ...)
extern const Formula attention_backward;     ///< (gradient, q, k, v, ...)
extern const Formula multi_head_attention;   ///< _native_multi_head_attention
extern const Formula encoder_layer;          ///< _transformer_encoder_layer_fwd

extern const Formula rnn;               ///< (input, states..., weights and biases...), padded or packed
extern const Formula rnn_weights;       ///< as rnn, with a flat copy of all weights too: biases are not told apart
extern const Formula rnn_layer;         ///< (input, w_ih, w_hh, b_ih, b_hh, states...): one layer, one direction
extern const Formula rnn_cell;          ///< (input, hidden, w_ih, w_hh, b_ih, b_hh)
extern const Formula lstm_cell;         ///< (input, hidden, cell, w_ih, w_hh, b_ih, b_hh)
extern const Formula packed_cell;       ///< (input, hidden, w_ih, bias, w_hh, bias, b_ih, b_hh): biases are not counted
extern const Formula packed_lstm_cell;  ///< (input, hidden, cell, and so on)
extern const Formula fused_cell;        ///< (gates of the input, gates of the hidden state, state, biases...)

// Direct solvers and factorisations, of batches of matrices; what iterates or depends on the data has no formula.
extern const Formula solve_triangular;     ///< (a[n, n], ...) -> x, attribute `unitriangular`
extern const Formula triangular_solve;     ///< (b, a[n, n]) -> (x, ...), attribute `unitriangular`
extern const Formula lu_factor;            ///< (a[m, n])
extern const Formula lu_solve;             ///< (factors of a[n, n], ...) -> x
extern const Formula lu_solve_of;          ///< (b, factors of a[n, n], ...) -> x
extern const Formula solve;                ///< (a[n, n], b) -> x
extern const Formula determinant;          ///< (a[n, n]): by its factors
extern const Formula inverse;              ///< (a[n, n])
extern const Formula cholesky;             ///< (a[n, n])
extern const Formula cholesky_solve;       ///< (b, factor of a[n, n]) -> x
extern const Formula cholesky_inverse;     ///< (factor of a[n, n])
extern const Formula householder_factor;   ///< (a[m, n])
extern const Formula householder_product;  ///< (reflections[m, n], their k scales) -> [m, n]
extern const Formula householder_times;    ///< (reflections, their k scales, other), attribute `left`
extern const Formula qr;                   ///< (a[m, n]), attribute `mode`

// Operators of ONNX that torch does not have in this form.
extern const Formula onnx_gemm;                   ///< (a, b, added), attributes `transA`, `transBatchA`
extern const Formula onnx_nhwc_conv;              ///< (input[N, ..., C], weight, bias) -> [N, ..., M]
extern const Formula onnx_rnn;                    ///< (x[T, N, in], w[dirs, gates H, in], r, bias, peepholes)
extern const Formula onnx_attention;              ///< (q, k, v, past k), attribute `heads`, which may be 0
extern const Formula onnx_fused_attention;        ///< (input, weight of all projections, bias, past), `heads`
extern const Formula onnx_group_query_attention;  ///< (q[N, L, E], past k) -> (y, present k), `heads`
extern const Formula onnx_linear_attention;       ///< (q, k, v), attributes `q_heads`, `kv_heads`, `delta`
extern const Formula onnx_fused;                  ///< an attribute for each kind of work, with its count
extern const Formula onnx_linear_model;           ///< (x[N, C]), attribute `coefficients`: how many

/// The sizes of an einsum's result, from those of its operands; -1 is a size that is not known.
Dims einsum_sizes(const std::string& equation, std::span<const Dims> operands);

}  // namespace thoplw::work
