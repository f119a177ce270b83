// Finds which operator of the rule table an ONNX node is, and which of its inputs that operator reads.
#pragma once

#include <algorithm>
#include <string>

#include "load/onnx/operators.h"

namespace thoplw::onnx::map {

/// A name as a template argument.
template <std::size_t N>
struct Text {
  char text[N];
  constexpr Text(const char (&from)[N]) { std::copy_n(from, N, text); }  // NOLINT: implicit on purpose
};

/// These inputs of the node in this order; -1 for those that it lacks.
std::vector<int> inputs(const NodeView& view, std::initializer_list<int> wanted);
std::vector<int> all_inputs(const NodeView& view);

/// The operator of that name, with all inputs as they stand or with those that are named.
template <Text name, int... wanted>
Mapped as(const NodeView& view) {
  if constexpr (sizeof...(wanted) == 0) return {name.text, all_inputs(view), {}};
  return {name.text, inputs(view, {wanted...}), {}};
}

/// "aten::conv" of an input with two spatial dimensions is "aten::conv2d".
std::string by_space(std::string_view name, const NodeView& view);

template <Text name, int... wanted>
Mapped spatial(const NodeView& view) {
  Mapped mapped = as<name, wanted...>(view);
  mapped.name = by_space(mapped.name, view);
  return mapped;
}

void add_window(const NodeView& view, Mapped& mapped);

/// Along its axis; where it names none, along the last, or before opset 13 the second.
template <Text name>
Mapped softmax(const NodeView& view) {
  Mapped mapped = as<name>(view);
  mapped.attrs.push_back({"dim", view.node.integer("axis", view.opset < 13 ? 1 : -1)});
  return mapped;
}

/// With its window, as torch spells it.
template <Text name>
Mapped pool(const NodeView& view) {
  Mapped mapped = spatial<name>(view);
  add_window(view, mapped);
  return mapped;
}

Mapped gemm(const NodeView& view);
Mapped qgemm(const NodeView& view);
Mapped fused_matmul(const NodeView& view);
Mapped einsum(const NodeView& view);
Mapped resize(const NodeView& view);
Mapped sum(const NodeView& view);
Mapped qlinear_conv(const NodeView& view);
Mapped attention(const NodeView& view);
Mapped flex_attention(const NodeView& view);
Mapped fused_attention(const NodeView& view);
Mapped quantized_attention(const NodeView& view);
Mapped multi_head_attention(const NodeView& view);
Mapped group_query_attention(const NodeView& view);
Mapped linear_attention(const NodeView& view);
Mapped local_response_norm(const NodeView& view);
Mapped linear_model(const NodeView& view);

// map_fused.cpp
Mapped experts(const NodeView& view);
Mapped quantized_experts(const NodeView& view);
Mapped packed_experts(const NodeView& view);
Mapped decoder_self_attention(const NodeView& view);
Mapped decoder_attention(const NodeView& view);
Mapped packed_attention(const NodeView& view);
Mapped packed_multi_head_attention(const NodeView& view);
Mapped paged_attention(const NodeView& view);
Mapped sparse_attention(const NodeView& view);
Mapped longformer_attention(const NodeView& view);
Mapped qordered_longformer_attention(const NodeView& view);
Mapped qordered_attention(const NodeView& view);
Mapped gated_delta_net(const NodeView& view);
Mapped packed_qkv(const NodeView& view);
Mapped packed_mlp(const NodeView& view);
Mapped packed_adapter(const NodeView& view);
Mapped router_projection(const NodeView& view);
Mapped gated_position_bias(const NodeView& view);
Mapped causal_conv(const NodeView& view);
Mapped nhwc_conv_transpose(const NodeView& view);
Mapped qlinear_nhwc_conv_transpose(const NodeView& view);
Mapped support_vectors(const NodeView& view);
Mapped ensemble(const NodeView& view);

}  // namespace thoplw::onnx::map
