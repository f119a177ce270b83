// Finds the rule for an ONNX node where it depends on attributes or inputs.
#include "load/onnx/map.h"

namespace thoplw::onnx::map {
namespace {

bool is_set(const NodeView& view, std::string_view name) { return view.node.integer(name, 0) != 0; }

/// Torch's linear takes the weight as [N, K], its addmm and mm as [K, N]; none takes the first factor transposed.
Mapped product(const NodeView& view, int a, int b, int added) {
  if (is_set(view, "transA")) return {"onnx::gemm", inputs(view, {a, b, added}), {{"transA", true}}};
  if (is_set(view, "transB")) return {"aten::linear", inputs(view, {a, b, added}), {}};
  if (view.input(static_cast<std::size_t>(added))) return {"aten::addmm", inputs(view, {added, a, b}), {}};
  return {"aten::mm", inputs(view, {a, b}), {}};
}

Mapped with_heads(std::string name, std::vector<int> in, std::int64_t heads) {
  return {std::move(name), std::move(in), {{"heads", heads}}};
}

bool has_rank(const Known* x, std::size_t rank) { return x && x->has_rank && x->shape.size() == rank; }

}  // namespace

std::vector<int> inputs(const NodeView& view, std::initializer_list<int> wanted) {
  std::vector<int> result;
  for (int i : wanted) result.push_back(view.input(static_cast<std::size_t>(i)) ? i : -1);
  return result;
}

std::vector<int> all_inputs(const NodeView& view) {
  std::vector<int> result;
  for (std::size_t i = 0; i < view.in.size(); ++i) result.push_back(view.in[i] ? static_cast<int>(i) : -1);
  return result;
}

std::string by_space(std::string_view name, const NodeView& view) {
  const Known* x = view.input(0);
  const std::size_t space = x && x->has_rank ? std::clamp<std::size_t>(x->shape.size(), 3, 5) - 2 : 2;
  return std::string(name) + std::to_string(space) + "d";
}

/// Strides are 1 and padding 0 where the node does not give them; padding is what stands before, as torch's is equal.
void add_window(const NodeView& view, Mapped& mapped) {
  const Dims& kernel = view.node.integers("kernel_shape");
  Dims stride = view.node.integers("strides"), padding = view.node.integers("pads");
  stride.resize(kernel.size(), 1);
  padding.resize(kernel.size(), 0);
  mapped.attrs.push_back({"kernel_size", kernel});
  mapped.attrs.push_back({"stride", std::move(stride)});
  mapped.attrs.push_back({"padding", std::move(padding)});
  mapped.attrs.push_back({"count_include_pad", is_set(view, "count_include_pad")});
}

Mapped gemm(const NodeView& view) { return product(view, 0, 1, 2); }
Mapped qgemm(const NodeView& view) { return product(view, 0, 3, 6); }

Mapped fused_matmul(const NodeView& view) {
  return {"onnx::gemm",
          inputs(view, {0, 1}),
          {{"transA", is_set(view, "transA")}, {"transBatchA", is_set(view, "transBatchA")}}};
}

Mapped einsum(const NodeView& view) {
  return {"aten::einsum", all_inputs(view), {{"equation", std::string(view.node.text("equation", ""))}}};
}

Mapped resize(const NodeView& view) {
  const std::string_view mode = view.node.text("mode", "nearest");
  if (mode == "cubic") return {"aten::upsample_bicubic2d", inputs(view, {0}), {}};
  if (mode == "nearest") return {by_space("aten::upsample_nearest", view), inputs(view, {0}), {}};
  const std::string linear = by_space("linear", view);
  const std::string_view prefix = linear == "linear2d" ? "bi" : linear == "linear3d" ? "tri" : "";
  return {"aten::upsample_" + std::string(prefix) + linear, inputs(view, {0}), {}};
}

// (x, scale, zero, w, scale, zero, scale, zero, bias)
Mapped qlinear_conv(const NodeView& view) {
  return is_set(view, "channels_last") ? as<"onnx::nhwc_conv", 0, 3, 8>(view) : spatial<"aten::conv", 0, 3, 8>(view);
}

// A cache, and heads that stand in the last dimension, are not known to torch's operator.
Mapped attention(const NodeView& view) {
  if (has_rank(view.input(0), 4) && !view.input(4)) return as<"aten::scaled_dot_product_attention", 0, 1, 2>(view);
  return with_heads("onnx::attention", inputs(view, {0, 1, 2, 4}), view.node.integer("q_num_heads", 0));
}

// Graphs that change its scores are not followed.
Mapped flex_attention(const NodeView& view) {
  for (const Attribute& attribute : view.node.attributes) {
    if (!attribute.graphs.empty()) return as<"onnx::FlexAttention">(view);
  }
  return as<"aten::scaled_dot_product_attention", 0, 1, 2>(view);
}

Mapped fused_attention(const NodeView& view) {
  return with_heads("onnx::fused_attention", inputs(view, {0, 1, 2, 4}), view.node.integer("num_heads", 0));
}

// Of one input it is that.
Mapped sum(const NodeView& view) { return {view.in.size() == 1 ? "aten::alias" : "aten::add", all_inputs(view), {}}; }

Mapped quantized_attention(const NodeView& view) {
  return with_heads("onnx::fused_attention", inputs(view, {0, 1, 2, 8}), view.node.integer("num_heads", 0));
}

Mapped multi_head_attention(const NodeView& view) {
  return with_heads("onnx::attention", inputs(view, {0, 1, 2, 6}), view.node.integer("num_heads", 0));
}

Mapped group_query_attention(const NodeView& view) {
  return with_heads("onnx::group_query_attention", inputs(view, {0, 3}), view.node.integer("num_heads", 0));
}

Mapped linear_attention(const NodeView& view) {
  const bool delta = view.node.text("update_rule", "gated_delta").ends_with("delta");
  return {"onnx::linear_attention",
          inputs(view, {0, 1, 2}),
          {{"q_heads", view.node.integer("q_num_heads", 0)},
           {"kv_heads", view.node.integer("kv_num_heads", 0)},
           {"delta", delta}}};
}

Mapped local_response_norm(const NodeView& view) {
  return {"onnx::norm", inputs(view, {0}), {{"size", view.node.integer("size", 1)}}};
}

Mapped linear_model(const NodeView& view) {
  const Attribute* list = view.node.attribute("coefficients");
  return {"onnx::linear_model",
          inputs(view, {0}),
          {{"coefficients", static_cast<std::int64_t>(list ? list->reals.size() : 0)}}};
}

}  // namespace thoplw::onnx::map
