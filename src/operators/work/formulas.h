// Work formulas: what one operator does, read from the sizes of its tensors. Several operators share each.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "operators/rule.h"

namespace thoplw::work {

/// What a formula throws where the sizes do not tell the work: the operator is then one that is not counted.
struct NotCounted : Error {
  using Error::Error;
};

/// Whether a formula is right for sparse and nested tensors, whose sizes say more than they hold.
bool reads_stored(WorkFn work);

// One kind each, in elements.
Work nothing(const OpView& op);        ///< moves, makes or describes tensors; no arithmetic
Work elementwise(const OpView& op);    ///< output elements
Work activation(const OpView& op);     ///< output elements
Work bias(const OpView& op);           ///< output elements
Work pool(const OpView& op);           ///< output elements
Work resize(const OpView& op);         ///< output elements
Work softmax(const OpView& op);        ///< input elements
Work norm(const OpView& op);           ///< input elements
Work reduction(const OpView& op);      ///< input elements
Work fourier(const OpView& op);        ///< elements of the input or of the output, whichever has more
Work registered(const OpView& op);     ///< attribute `flops`: two for each multiply-add; one is left where odd
Work embedding_bag(const OpView& op);  ///< (weight[rows, dim], indices, ...): rows read, times dim

// Contractions, in multiply-adds; where a bias is given, `bias` holds the output elements that it is added to.
Work convolution(const OpView& op);            ///< (input, weight, bias, ...)
Work conv_transpose(const OpView& op);         ///< (input, weight, bias, ...)
Work either_convolution(const OpView& op);     ///< as the attribute `transposed` says
Work convolution_backward(const OpView& op);   ///< (gradient, input, weight, ...) -> those of input, weight and bias
Work deform_conv(const OpView& op);            ///< (input, weight, offsets, mask, bias, ...)
Work conv_tbc(const OpView& op);               ///< (input[T, N, in], weight[k, in, out], bias)
Work linear(const OpView& op);                 ///< (input[..., in], weight[out, in], bias)
Work inner(const OpView& op);                  ///< (a[..., in], b[..., in]), or a scalar and anything
Work packed_linear(const OpView& op);          ///< (input[..., in], anything...) -> [..., out]
Work packed_convolution(const OpView& op);     ///< (input, weight, ...), the weight of any rank
Work packed_conv_transpose(const OpView& op);  ///< (input, weight, ...), the weight of any rank
Work matmul(const OpView& op);                 ///< (a, b): vectors, matrices or batches, broadcast
Work addmm(const OpView& op);                  ///< (added, a, b)
Work baddbmm(const OpView& op);                ///< (added, a[N, n, k], b[N, k, m])
Work sampled_product(const OpView& op);        ///< (sampled, a[n, k], b[k, m])
Work distances(const OpView& op);              ///< (a[..., n, k], b[..., m, k]) -> [..., n, m]; or (a[n, k]) -> pairs
Work affine_grid(const OpView& op);            ///< (matrices[N, d, d + 1]) -> [N, ..., d]
Work addbmm(const OpView& op);                 ///< (added, a[N, n, k], b[N, k, m]), summed over N
Work grouped_mm(const OpView& op);             ///< (a, b, ...): one matrix product per group of rows
Work einsum(const OpView& op);                 ///< (operands...), attributes `equation` and `path`
Work tensordot(const OpView& op);              ///< (a, b), attribute `dims_self`
Work bilinear(const OpView& op);               ///< (a[..., in1], b[..., in2], weight[out, in1, in2], bias)
Work trilinear(const OpView& op);              ///< (a, b, c), attributes `expand1`, `expand2`, `expand3`

Work attention(const OpView& op);              ///< (q[..., L, E], k[..., S, E], v[..., S, Ev], ...)
Work attention_by_position(const OpView& op);  ///< (q[N, L, heads, E], k[N, S, ...], v[N, S, ..., Ev], ...)
Work attention_backward(const OpView& op);     ///< (gradient, q, k, v, ...)
Work multi_head_attention(const OpView& op);   ///< _native_multi_head_attention
Work encoder_layer(const OpView& op);          ///< _transformer_encoder_layer_fwd

Work rnn(const OpView& op);               ///< (input, states..., weights and biases...), padded or packed
Work rnn_weights(const OpView& op);       ///< as rnn, with a flat copy of all weights among the tensors: no biases told
Work rnn_layer(const OpView& op);         ///< (input, w_ih, w_hh, b_ih, b_hh, states...): one layer, one direction
Work rnn_cell(const OpView& op);          ///< (input, hidden, w_ih, w_hh, b_ih, b_hh)
Work lstm_cell(const OpView& op);         ///< (input, hidden, cell, w_ih, w_hh, b_ih, b_hh)
Work packed_cell(const OpView& op);       ///< (input, hidden, w_ih, bias, w_hh, bias, b_ih, b_hh): no biases told
Work packed_lstm_cell(const OpView& op);  ///< (input, hidden, cell, and so on)
Work fused_cell(const OpView& op);        ///< (gates of the input, gates of the hidden state, state, biases...)

// Direct solvers and factorisations, of batches of matrices; what iterates or hangs on the data has no formula.
Work solve_triangular(const OpView& op);     ///< (a[n, n], ...) -> x, attribute `unitriangular`
Work triangular_solve(const OpView& op);     ///< (b, a[n, n]) -> (x, ...), attribute `unitriangular`
Work lu_factor(const OpView& op);            ///< (a[m, n])
Work lu_solve(const OpView& op);             ///< (factors of a[n, n], ...) -> x
Work lu_solve_of(const OpView& op);          ///< (b, factors of a[n, n], ...) -> x
Work solve(const OpView& op);                ///< (a[n, n], b) -> x
Work determinant(const OpView& op);          ///< (a[n, n]): by its factors
Work inverse(const OpView& op);              ///< (a[n, n])
Work cholesky(const OpView& op);             ///< (a[n, n])
Work cholesky_solve(const OpView& op);       ///< (b, factor of a[n, n]) -> x
Work cholesky_inverse(const OpView& op);     ///< (factor of a[n, n])
Work householder_factor(const OpView& op);   ///< (a[m, n])
Work householder_product(const OpView& op);  ///< (reflections[m, n], their k scales) -> [m, n]
Work householder_times(const OpView& op);    ///< (reflections, their k scales, other), attribute `left`
Work qr(const OpView& op);                   ///< (a[m, n]), attribute `mode`

// Operators of ONNX that torch does not have in this form.
Work onnx_gemm(const OpView& op);                   ///< (a, b, added), attributes `transA`, `transBatchA`
Work onnx_nhwc_conv(const OpView& op);              ///< (input[N, ..., C], weight, bias) -> [N, ..., M]
Work onnx_rnn(const OpView& op);                    ///< (x[T, N, in], w[dirs, gates H, in], r, bias, peepholes)
Work onnx_attention(const OpView& op);              ///< (q, k, v, past k), attribute `heads`, which may be 0
Work onnx_fused_attention(const OpView& op);        ///< (input, weight of all projections, bias, past), `heads`
Work onnx_group_query_attention(const OpView& op);  ///< (q[N, L, E], past k) -> (y, present k), `heads`
Work onnx_linear_attention(const OpView& op);       ///< (q, k, v), attributes `q_heads`, `kv_heads`, `delta`
Work onnx_fused(const OpView& op);                  ///< attributes by kind, where there is some: multiply-adds
Work onnx_linear_model(const OpView& op);           ///< (x[N, C]), attribute `coefficients`: how many

/// The sizes that an equation makes of those of its operands; -1 is one that is not known.
Dims einsum_sizes(const std::string& equation, std::span<const Dims> operands);

/// The product of all sizes but those from `from_end` on, counted from the end: 1 leaves out the last.
Count leading(const Tensor& tensor, std::size_t from_end = 1);

/// Size `from_end` places before the end: 1 is the last. Throws Error if there is no such dimension.
Count size_from_end(const Tensor& tensor, std::size_t from_end);

/// The sizes of each part of a nested input, as the attribute parts0, parts1, ... tells them; those of a plain one are
/// all the same, without its first. Throws NotCounted where they are not told.
std::vector<Dims> parts_of(const OpView& op, std::size_t input);

/// The attribute as a T. Throws Error where it is missing or of another type.
template <class T>
const T& attr_as(const OpView& op, std::string_view name);

}  // namespace thoplw::work
