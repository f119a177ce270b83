// Inference functions: each fills the results of one or more operators, as far as they follow from the inputs.
#pragma once

#include "load/onnx/known.h"

namespace thoplw::onnx::infer {

/// What two elements make; null where that is not followed. An integer result may be kUnknown.
struct Arithmetic {
  std::int64_t (*ints)(std::int64_t, std::int64_t);
  double (*reals)(double, double);
};
extern const Arithmetic kAdd, kSubtract, kMultiply, kDivide, kSmaller, kLarger, kPower;

// infer_elementwise.cpp
void same(const NodeView& view, Out out);
void identity(const NodeView& view, Out out);
void to_bool(const NodeView& view, Out out);
void broadcasting(const NodeView& view, Out out);
void add(const NodeView& view, Out out);
void subtract(const NodeView& view, Out out);
void multiply(const NodeView& view, Out out);
void divide(const NodeView& view, Out out);
void minimum(const NodeView& view, Out out);
void maximum(const NodeView& view, Out out);
void power(const NodeView& view, Out out);
void modulo(const NodeView& view, Out out);
void comparison(const NodeView& view, Out out);
void equal(const NodeView& view, Out out);
void greater(const NodeView& view, Out out);
void greater_or_equal(const NodeView& view, Out out);
void less(const NodeView& view, Out out);
void less_or_equal(const NodeView& view, Out out);
void logical_and(const NodeView& view, Out out);
void logical_or(const NodeView& view, Out out);
void negate(const NodeView& view, Out out);
void absolute(const NodeView& view, Out out);
void relu(const NodeView& view, Out out);
void floor(const NodeView& view, Out out);
void ceil(const NodeView& view, Out out);
void round(const NodeView& view, Out out);
void square_root(const NodeView& view, Out out);
void logical_not(const NodeView& view, Out out);
void where(const NodeView& view, Out out);
void cast(const NodeView& view, Out out);
void cast_like(const NodeView& view, Out out);
void bit_cast(const NodeView& view, Out out);
void dropout(const NodeView& view, Out out);
void second_type(const NodeView& view, Out out);

// infer_create.cpp
void constant(const NodeView& view, Out out);
void constant_of_shape(const NodeView& view, Out out);
void shape(const NodeView& view, Out out);
void size(const NodeView& view, Out out);
void range(const NodeView& view, Out out);
void typed_like(const NodeView& view, Out out);
void random(const NodeView& view, Out out);
void multinomial(const NodeView& view, Out out);
void window(const NodeView& view, Out out);
void mel_weights(const NodeView& view, Out out);
void one_hot(const NodeView& view, Out out);
void affine_grid(const NodeView& view, Out out);

// infer_reshape.cpp
void reshape(const NodeView& view, Out out);
void flatten(const NodeView& view, Out out);
void squeeze(const NodeView& view, Out out);
void unsqueeze(const NodeView& view, Out out);
void expand_dims(const NodeView& view, Out out);
void transpose(const NodeView& view, Out out);
void expand(const NodeView& view, Out out);
void tile(const NodeView& view, Out out);
void depth_to_space(const NodeView& view, Out out);
void space_to_depth(const NodeView& view, Out out);
void col2im(const NodeView& view, Out out);

// infer_select.cpp
void slice(const NodeView& view, Out out);
void gather(const NodeView& view, Out out);
void gather_elements(const NodeView& view, Out out);
void gather_nd(const NodeView& view, Out out);
void concat(const NodeView& view, Out out);
void split(const NodeView& view, Out out);
void pad(const NodeView& view, Out out);
void center_crop_pad(const NodeView& view, Out out);
void compress(const NodeView& view, Out out);
void nonzero(const NodeView& view, Out out);
void unique(const NodeView& view, Out out);
void top_k(const NodeView& view, Out out);
void non_max_suppression(const NodeView& view, Out out);

// infer_reduce.cpp
void reduce(const NodeView& view, Out out);
void reduce_sum(const NodeView& view, Out out);
void reduce_product(const NodeView& view, Out out);
void reduce_min(const NodeView& view, Out out);
void reduce_max(const NodeView& view, Out out);
void arg_reduce(const NodeView& view, Out out);
void batch_norm(const NodeView& view, Out out);
void layer_norm(const NodeView& view, Out out);
void skip_layer_norm(const NodeView& view, Out out);
void embed_layer_norm(const NodeView& view, Out out);
void loss(const NodeView& view, Out out);
void determinant(const NodeView& view, Out out);

// infer_window.cpp
void conv(const NodeView& view, Out out);
void conv_integer(const NodeView& view, Out out);
void nhwc_conv(const NodeView& view, Out out);
void qlinear_conv(const NodeView& view, Out out);
void conv_transpose(const NodeView& view, Out out);
void qlinear_conv_transpose(const NodeView& view, Out out);
void causal_conv(const NodeView& view, Out out);
void pool(const NodeView& view, Out out);
void nhwc_pool(const NodeView& view, Out out);
void qlinear_pool(const NodeView& view, Out out);
void global_pool(const NodeView& view, Out out);
void qlinear_global_pool(const NodeView& view, Out out);
void max_unpool(const NodeView& view, Out out);
void roi_align(const NodeView& view, Out out);
void max_roi_pool(const NodeView& view, Out out);

// infer_resize.cpp
void resize(const NodeView& view, Out out);
void upsample(const NodeView& view, Out out);
void grid_sample(const NodeView& view, Out out);
void crop_and_resize(const NodeView& view, Out out);

// infer_matmul.cpp
void matmul(const NodeView& view, Out out);
void matmul_integer(const NodeView& view, Out out);
void matmul_to_real(const NodeView& view, Out out);
void fused_matmul(const NodeView& view, Out out);
void gemm(const NodeView& view, Out out);
void qlinear_matmul(const NodeView& view, Out out);
void qgemm(const NodeView& view, Out out);
void packed_matmul(const NodeView& view, Out out);
void einsum(const NodeView& view, Out out);
void distances(const NodeView& view, Out out);

// infer_attention.cpp
void attention(const NodeView& view, Out out);
void fused_attention(const NodeView& view, Out out);
void quantized_attention(const NodeView& view, Out out);
void multi_head_attention(const NodeView& view, Out out);
void group_query_attention(const NodeView& view, Out out);
void linear_attention(const NodeView& view, Out out);

// infer_recurrent.cpp
void recurrent(const NodeView& view, Out out);
void quantized_recurrent(const NodeView& view, Out out);

// infer_quantized.cpp
void quantize(const NodeView& view, Out out);
void dequantize(const NodeView& view, Out out);
void dynamic_quantize(const NodeView& view, Out out);
void qlinear_binary(const NodeView& view, Out out);
void qlinear_where(const NodeView& view, Out out);
void qlinear_concat(const NodeView& view, Out out);
void gather_quantized(const NodeView& view, Out out);

// infer_signal.cpp
void fourier(const NodeView& view, Out out);
void short_time_fourier(const NodeView& view, Out out);

// infer_sequence.cpp
void unknown(const NodeView& view, Out out);
void sequence_construct(const NodeView& view, Out out);
void sequence_at(const NodeView& view, Out out);
void sequence_insert(const NodeView& view, Out out);
void sequence_erase(const NodeView& view, Out out);
void sequence_length(const NodeView& view, Out out);
void split_to_sequence(const NodeView& view, Out out);
void concat_from_sequence(const NodeView& view, Out out);
void sequence_empty(const NodeView& view, Out out);
void optional(const NodeView& view, Out out);
void has_element(const NodeView& view, Out out);
void image(const NodeView& view, Out out);
void string_split(const NodeView& view, Out out);
void string_normalizer(const NodeView& view, Out out);
void term_frequency(const NodeView& view, Out out);
void to_float(const NodeView& view, Out out);
void feature_columns(const NodeView& view, Out out);
void regressor(const NodeView& view, Out out);
void classifier(const NodeView& view, Out out);
void category_columns(const NodeView& view, Out out);
void label_encoder(const NodeView& view, Out out);

// infer_fused.cpp
void packed_attention(const NodeView& view, Out out);
void packed_multi_head_attention(const NodeView& view, Out out);
void paged_attention(const NodeView& view, Out out);
void sparse_attention(const NodeView& view, Out out);
void decoder_self_attention(const NodeView& view, Out out);
void decoder_attention(const NodeView& view, Out out);
void qordered_attention(const NodeView& view, Out out);
void qordered_matmul(const NodeView& view, Out out);
void gated_delta_net(const NodeView& view, Out out);
void gated_position_bias(const NodeView& view, Out out);
void packed_qkv(const NodeView& view, Out out);
void packed_mlp(const NodeView& view, Out out);
void router_projection(const NodeView& view, Out out);
void by_rows(const NodeView& view, Out out);
void shaped_matmul(const NodeView& view, Out out);
void gemm_float8(const NodeView& view, Out out);

// infer_layouts.cpp
void reorder_input(const NodeView& view, Out out);
void reorder_output(const NodeView& view, Out out);
void nchwc_upsample(const NodeView& view, Out out);
void in_channels_last(const NodeView& view, Out out, void (*infer)(const NodeView&, Out));
/// As `infer` where the channels of the input and of all results come last.
template <void (*infer)(const NodeView&, Out)>
void channels_last(const NodeView& view, Out out) {
  in_channels_last(view, out, infer);
}

// infer_learners.cpp
void ensemble(const NodeView& view, Out out);
void ensemble_classifier(const NodeView& view, Out out);
void support_vector_regressor(const NodeView& view, Out out);
void support_vector_classifier(const NodeView& view, Out out);

}  // namespace thoplw::onnx::infer
