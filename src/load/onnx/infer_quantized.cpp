// Results of operators that turn real numbers into quantized ones, and of those that work on quantized tensors.
#include <algorithm>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {

// (x, scale, zero): the type is the zero's, or an attribute's, or u8.
void quantize(const NodeView& view, Out out) {
  const std::int64_t named = view.node.integer("output_dtype", 0);
  const Known* zero = view.input(2);
  give_like(out, 0, zero ? zero->dtype : named != 0 ? dtype_of(named) : DType::u8, need(view, 0));
}

// (x, scale, zero): the type is an attribute's, or the scale's.
void dequantize(const NodeView& view, Out out) {
  const std::int64_t named = view.node.integer("output_dtype", 0);
  give_like(out, 0, named != 0 ? dtype_of(named) : need(view, 1).dtype, need(view, 0));
}

// x -> (quantized, scale, zero)
void dynamic_quantize(const NodeView& view, Out out) {
  give_like(out, 0, DType::u8, need(view, 0));
  give(out, 1, DType::f32, {});
  give(out, 2, DType::u8, {});
}

namespace {

void both(const Known& a, const Known& b, Out out) {
  if (!a.has_rank || !b.has_rank) return give_type(out, 0, a.dtype);
  Dims sizes = a.shape;
  broadcast(sizes, b.shape);
  give(out, 0, a.dtype, std::move(sizes));
}

}  // namespace

// com.microsoft: (a, scale, zero, b, scale, zero, ...)
void qlinear_binary(const NodeView& view, Out out) { both(need(view, 0), need(view, 3), out); }

// com.microsoft: (condition, x, scale, zero, y, ...)
void qlinear_where(const NodeView& view, Out out) {
  const Known& condition = need(view, 0);
  both(need(view, 1), need(view, 4), out);
  if (out.empty() || !out[0].has_rank || !condition.has_rank) return;
  Dims sizes = out[0].shape;
  broadcast(sizes, condition.shape);
  give(out, 0, need(view, 1).dtype, std::move(sizes));
}

// com.microsoft: (scale, zero, then x, scale, zero of each part)
void qlinear_concat(const NodeView& view, Out out) {
  const Known& first = need(view, 2);
  if (!first.has_rank) return give_type(out, 0, first.dtype);
  Dims sizes = first.shape;
  const std::size_t axis = wrap_axis(view.node.integer("axis", 0), sizes.size());
  for (std::size_t i = 5; i < view.in.size(); i += 3) {
    const Known& x = need(view, i);
    if (!x.has_rank || x.shape.size() != sizes.size()) return give_type(out, 0, first.dtype);
    sizes[axis] = plus(sizes[axis], x.shape[axis]);
  }
  give(out, 0, first.dtype, std::move(sizes));
}

// com.microsoft: (table[rows, packed], indices, ...) -> [..., row]; how many numbers a row packs is an attribute.
void gather_quantized(const NodeView& view, Out out) {
  const Known& table = need(view, 0);
  const Known& indices = need(view, 1);
  const DType dtype = need(view, 2).dtype;
  if (!table.has_rank || !indices.has_rank) return give_type(out, 0, dtype);
  const std::size_t axis = wrap_axis(view.node.integer("gather_axis", 0), table.shape.size());
  Dims sizes(table.shape.begin(), table.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  sizes.insert(sizes.end(), indices.shape.begin(), indices.shape.end());
  sizes.insert(sizes.end(), table.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, table.shape.end());
  if (table.dtype == DType::u8 && !sizes.empty()) {
    sizes.back() = times(sizes.back(), 8 / std::clamp<std::int64_t>(view.node.integer("bits", 4), 1, 8));
  }
  give(out, 0, dtype, std::move(sizes));
}

}  // namespace thoplw::onnx::infer
