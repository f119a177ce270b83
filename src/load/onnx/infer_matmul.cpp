// Results of matrix products: plain, with a bias, quantized, packed, and by equation.
#include <algorithm>
#include <string>

#include "load/onnx/infer.h"
#include "operators/work/formulas.h"

namespace thoplw::onnx::infer {
namespace {

struct Factor {
  const Known& tensor;
  bool transposed = false;
  bool rows_first = false;  ///< [rows, batch..., columns] for [batch..., rows, columns]
};

/// Sizes as [batch..., rows, columns]; a vector stays one.
Dims sizes_of(const Factor& factor) {
  Dims sizes = factor.tensor.shape;
  if (sizes.empty()) throw Error("a factor has no dimensions");
  if (sizes.size() == 1) return sizes;
  if (factor.rows_first) std::rotate(sizes.begin(), sizes.begin() + 1, sizes.end() - 1);
  if (factor.transposed) std::swap(sizes[sizes.size() - 1], sizes[sizes.size() - 2]);
  return sizes;
}

/// numpy's matmul: vectors, matrices, or batches of them that broadcast.
void product(const Factor& left, const Factor& right, DType dtype, Out out) {
  if (!left.tensor.has_rank || !right.tensor.has_rank) return give_type(out, 0, dtype);
  Dims a = sizes_of(left), b = sizes_of(right);
  const bool row = a.size() == 1, column = b.size() == 1;
  if (row) a.insert(a.begin(), 1);
  if (column) b.push_back(1);
  const std::int64_t inner_a = a.back(), inner_b = b[b.size() - 2];
  if (inner_a >= 0 && inner_b >= 0 && inner_a != inner_b) {
    throw Error("inner sizes differ: " + std::to_string(inner_a) + " and " + std::to_string(inner_b));
  }
  const std::int64_t rows = a[a.size() - 2], columns = b.back();
  a.resize(a.size() - 2);
  b.resize(b.size() - 2);
  broadcast(a, b);
  if (!row) a.push_back(rows);
  if (!column) a.push_back(columns);
  give(out, 0, dtype, std::move(a));
}

bool is_set(const NodeView& view, std::string_view name) { return view.node.integer(name, 0) != 0; }

/// [..., K] times a weight that is packed: [..., N].
void packed(const Known& x, std::int64_t columns, DType dtype, Out out, std::size_t i = 0) {
  if (!x.has_rank || x.shape.empty()) return give_type(out, i, dtype);
  Dims sizes = x.shape;
  sizes.back() = columns > 0 ? columns : kNoSize;
  give(out, i, dtype, std::move(sizes));
}

}  // namespace

void matmul(const NodeView& view, Out out) { product({need(view, 0)}, {need(view, 1)}, need(view, 0).dtype, out); }

void matmul_integer(const NodeView& view, Out out) { product({need(view, 0)}, {need(view, 1)}, DType::i32, out); }

// com.microsoft: (a, b quantized, ...): as real numbers
void matmul_to_real(const NodeView& view, Out out) { product({need(view, 0)}, {need(view, 1)}, DType::f32, out); }

// com.microsoft
void fused_matmul(const NodeView& view, Out out) {
  product({need(view, 0), is_set(view, "transA"), is_set(view, "transBatchA")},
          {need(view, 1), is_set(view, "transB"), is_set(view, "transBatchB")}, need(view, 0).dtype, out);
}

void gemm(const NodeView& view, Out out) { fused_matmul(view, out); }

// (a, scale, zero, b, scale, zero, scale, zero of the result)
void qlinear_matmul(const NodeView& view, Out out) {
  product({need(view, 0)}, {need(view, 3)}, need(view, 7).dtype, out);
}

// com.microsoft: (a, scale, zero, b, scale, zero, c, scale, zero of the result)
void qgemm(const NodeView& view, Out out) {
  const Known* zero = view.input(8);
  product({need(view, 0), is_set(view, "transA")}, {need(view, 3), is_set(view, "transB")},
          zero ? zero->dtype : DType::f32, out);
}

// com.microsoft: the weight's sizes are the attributes K and N.
void packed_matmul(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  packed(x, view.node.integer("N", 0), x.dtype, out);
}

void einsum(const NodeView& view, Out out) {
  std::vector<Dims> operands;
  for (std::size_t i = 0; i < view.in.size(); ++i) {
    const Known& x = need(view, i);
    if (!x.has_rank) return give_type(out, 0, need(view, 0).dtype);
    operands.push_back(x.shape);
  }
  if (operands.empty()) return;
  give(out, 0, need(view, 0).dtype, work::einsum_sizes(std::string(view.node.text("equation", "")), operands));
}

// com.microsoft: (a[n, k], b[m, k]) -> [n, m]
void distances(const NodeView& view, Out out) {
  product({need(view, 0)}, {need(view, 1), true}, need(view, 0).dtype, out);
}

}  // namespace thoplw::onnx::infer
