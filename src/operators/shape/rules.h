// The shape rules: one function for each way in which results follow from arguments, named in the rows of
// operators/rules.cpp. A row serves all overloads of an operator, so a rule tells them apart by the kinds of their
// arguments. Results agree with torch's meta kernels in sizes, strides, element type and aliasing. Operators that write
// to an argument (relu_, unsqueeze_, add with out=) are the caller's: asked with their arguments, a rule says what relu
// would return.
#pragma once

#include "operators/shape/shape.h"

namespace thoplw::shape {

// elementwise.cpp
bool unary(Args args, std::vector<Result>& results);   ///< relu, gelu, exp, clamp between numbers, ...
bool clamp(Args args, std::vector<Result>& results);   ///< between tensors, too
bool binary(Args args, std::vector<Result>& results);  ///< add, mul, maximum, ...: any type but bool
bool floor_divide(Args args, std::vector<Result>& results);
bool rsub(Args args, std::vector<Result>& results);         ///< the second operand minus the first
bool binary_real(Args args, std::vector<Result>& results);  ///< pow, atan2: floating point results only
bool divide(Args args, std::vector<Result>& results);
bool comparison(Args args, std::vector<Result>& results);  ///< eq, lt, ...
bool logical(Args args, std::vector<Result>& results);     ///< logical_and, ... of booleans
bool ternary(Args args, std::vector<Result>& results);     ///< addcmul, lerp
bool where(Args args, std::vector<Result>& results);
bool masked_fill(Args args, std::vector<Result>& results);
bool dropout(Args args, std::vector<Result>& results);          ///< not in training: the input itself
bool feature_dropout(Args args, std::vector<Result>& results);  ///< the same, and in training torch is asked
bool glu(Args args, std::vector<Result>& results);

// create.cpp
bool scalar_tensor(Args args, std::vector<Result>& results);
bool empty(Args args, std::vector<Result>& results);
bool zeros(Args args, std::vector<Result>& results);  ///< ones too
bool full(Args args, std::vector<Result>& results);
bool arange(Args args, std::vector<Result>& results);

// conv.cpp
bool conv(Args args, std::vector<Result>& results);            ///< conv1d, conv2d, conv3d
bool conv_transpose(Args args, std::vector<Result>& results);  ///< conv_transpose1d, ...
bool convolution(Args args, std::vector<Result>& results);     ///< convolution, _convolution

// matmul.cpp
bool linear(Args args, std::vector<Result>& results);
bool matmul(Args args, std::vector<Result>& results);
bool mm(Args args, std::vector<Result>& results);
bool bmm(Args args, std::vector<Result>& results);
bool addmm(Args args, std::vector<Result>& results);
bool baddbmm(Args args, std::vector<Result>& results);
bool grouped_mm(Args args, std::vector<Result>& results);  ///< with offsets: experts with the tokens routed to each
bool solve_triangular(Args args, std::vector<Result>& results);
bool scaled_dot_product_attention(Args args, std::vector<Result>& results);
bool fused_attention(Args args, std::vector<Result>& results);  ///< the same by the fused kernel of the CPU

// einsum.cpp
bool einsum(Args args, std::vector<Result>& results);  ///< of two tensors

// norm.cpp
bool batch_norm(Args args, std::vector<Result>& results);
bool native_batch_norm(Args args, std::vector<Result>& results);
bool layer_norm(Args args, std::vector<Result>& results);
bool native_layer_norm(Args args, std::vector<Result>& results);
bool group_norm(Args args, std::vector<Result>& results);
bool instance_norm(Args args, std::vector<Result>& results);
bool rms_norm(Args args, std::vector<Result>& results);
bool softmax(Args args, std::vector<Result>& results);  ///< softmax, log_softmax, _softmax, _log_softmax, _safe_softmax

// pool.cpp
bool max_pool1d(Args args, std::vector<Result>& results);
bool max_pool2d(Args args, std::vector<Result>& results);
bool max_pool3d(Args args, std::vector<Result>& results);
bool max_pool2d_with_indices(Args args, std::vector<Result>& results);
bool avg_pool1d(Args args, std::vector<Result>& results);
bool avg_pool2d(Args args, std::vector<Result>& results);
bool avg_pool3d(Args args, std::vector<Result>& results);
bool adaptive_avg_pool1d(Args args, std::vector<Result>& results);
bool adaptive_avg_pool2d(Args args, std::vector<Result>& results);
bool adaptive_avg_pool3d(Args args, std::vector<Result>& results);
bool upsample1d(Args args, std::vector<Result>& results);
bool upsample2d(Args args, std::vector<Result>& results);
bool upsample3d(Args args, std::vector<Result>& results);
bool pixel_shuffle(Args args, std::vector<Result>& results);
bool pixel_unshuffle(Args args, std::vector<Result>& results);
bool grid_sampler(Args args, std::vector<Result>& results);  ///< of images and of volumes
bool im2col(Args args, std::vector<Result>& results);
bool col2im(Args args, std::vector<Result>& results);

// rnn.cpp
bool rnn(Args args, std::vector<Result>& results);  ///< rnn_tanh, rnn_relu, gru
bool lstm(Args args, std::vector<Result>& results);
bool rnn_cell(Args args, std::vector<Result>& results);  ///< rnn_tanh_cell, rnn_relu_cell
bool gru_cell(Args args, std::vector<Result>& results);
bool lstm_cell(Args args, std::vector<Result>& results);

// reduce.cpp
bool mean(Args args, std::vector<Result>& results);
bool sum(Args args, std::vector<Result>& results);
bool amax(Args args, std::vector<Result>& results);  ///< amax, amin
bool vector_norm(Args args, std::vector<Result>& results);
bool var(Args args, std::vector<Result>& results);  ///< var, std
bool cumsum(Args args, std::vector<Result>& results);

// view.cpp, permute.cpp, select.cpp: results share the input's memory
bool alias(Args args, std::vector<Result>& results);  ///< alias, detach
bool view(Args args, std::vector<Result>& results);   ///< view, _unsafe_view
bool view_as(Args args, std::vector<Result>& results);
bool reshape(Args args, std::vector<Result>& results);
bool reshape_as(Args args, std::vector<Result>& results);
bool flatten(Args args, std::vector<Result>& results);
bool unflatten(Args args, std::vector<Result>& results);
bool expand(Args args, std::vector<Result>& results);
bool expand_as(Args args, std::vector<Result>& results);
bool permute(Args args, std::vector<Result>& results);
bool transpose(Args args, std::vector<Result>& results);  ///< transpose, swapaxes, swapdims
bool t(Args args, std::vector<Result>& results);
bool matrix_transpose(Args args, std::vector<Result>& results);  ///< mT
bool movedim(Args args, std::vector<Result>& results);
bool select(Args args, std::vector<Result>& results);
bool slice(Args args, std::vector<Result>& results);
bool narrow(Args args, std::vector<Result>& results);
bool split(Args args, std::vector<Result>& results);  ///< split, split_with_sizes
bool chunk(Args args, std::vector<Result>& results);
bool unbind(Args args, std::vector<Result>& results);
bool squeeze(Args args, std::vector<Result>& results);
bool unsqueeze(Args args, std::vector<Result>& results);
bool unfold(Args args, std::vector<Result>& results);  ///< Tensor.unfold
bool as_strided(Args args, std::vector<Result>& results);

// copy.cpp: results are new tensors made of the input's elements
bool clone(Args args, std::vector<Result>& results);
bool contiguous(Args args, std::vector<Result>& results);
bool to(Args args, std::vector<Result>& results);       ///< to another type, not device
bool to_copy(Args args, std::vector<Result>& results);  ///< _to_copy
bool like(Args args, std::vector<Result>& results);     ///< empty_like, zeros_like, ones_like
bool full_like(Args args, std::vector<Result>& results);
bool created(Args args, std::vector<Result>& results);  ///< new_zeros, new_ones, new_empty
bool new_full(Args args, std::vector<Result>& results);
bool cat(Args args, std::vector<Result>& results);
bool stack(Args args, std::vector<Result>& results);
bool pad(Args args, std::vector<Result>& results);  ///< pad with a constant
bool constant_pad(Args args, std::vector<Result>& results);
bool roll(Args args, std::vector<Result>& results);
bool triangle(Args args, std::vector<Result>& results);  ///< tril, triu
bool repeat(Args args, std::vector<Result>& results);

// index.cpp
bool index(Args args, std::vector<Result>& results);  ///< by integer tensors
bool index_select(Args args, std::vector<Result>& results);
bool gather(Args args, std::vector<Result>& results);
bool one_hot(Args args, std::vector<Result>& results);  ///< of a given number of classes
bool embedding(Args args, std::vector<Result>& results);

}  // namespace thoplw::shape
