// Matrix products. torch folds and unfolds operands as it likes, but what comes out is new and contiguous.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool same_type(const Strided* a, const Strided* b) { return a && b && a->dtype == b->dtype && is_real_float(a->dtype); }

/// A bias or addend: absent, or of the same type and small enough to be expanded to `sizes`.
bool fits(const Strided* addend, DType dtype, const Dims& sizes) {
  if (!addend || addend->dtype != dtype || addend->sizes.size() > sizes.size()) return false;
  const std::size_t shift = sizes.size() - addend->sizes.size();
  for (std::size_t i = 0; i < addend->sizes.size(); ++i) {
    if (addend->sizes[i] != 1 && addend->sizes[i] != sizes[shift + i]) return false;
  }
  return true;
}

/// The inner dimensions of a [.., n, k] and b [.., k, m] agree.
bool contract(const Strided& a, const Strided& b) { return a.sizes.back() == b.sizes[b.sizes.size() - 2]; }

}  // namespace

bool linear(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* weight = tensor_at(args, 1);
  if (!same_type(x, weight) || weight->dim() != 2 || x->sizes.empty() || x->sizes.back() != weight->sizes[1])
    return false;
  Dims sizes = x->sizes;
  sizes.back() = weight->sizes[0];
  if (!absent(args, 2) && !fits(tensor_at(args, 2), x->dtype, sizes)) return false;
  return fresh(results, x->dtype, std::move(sizes));
}

bool matmul(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  if (!same_type(a, b) || a->sizes.empty() || b->sizes.empty()) return false;
  const bool row = a->dim() == 1, column = b->dim() == 1;  // vectors, whose own dimension goes
  if (a->sizes.back() != (column ? b->sizes[0] : b->sizes[b->sizes.size() - 2])) return false;
  Dims sizes(a->sizes.begin(), a->sizes.end() - (row ? 1 : 2));
  const std::span<const std::int64_t> b_sizes = b->sizes;
  if (!broadcast_to(sizes, b_sizes.first(b_sizes.size() - (column ? 1 : 2)))) return false;
  if (!row) sizes.push_back(a->sizes[a->sizes.size() - 2]);
  if (!column) sizes.push_back(b->sizes.back());
  return fresh(results, a->dtype, std::move(sizes));
}

bool mm(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  if (!same_type(a, b) || !absent(args, 2) || a->dim() != 2 || b->dim() != 2 || !contract(*a, *b)) return false;
  return fresh(results, a->dtype, {a->sizes[0], b->sizes[1]});
}

bool bmm(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  if (!same_type(a, b) || !absent(args, 2) || a->dim() != 3 || b->dim() != 3) return false;
  if (a->sizes[0] != b->sizes[0] || !contract(*a, *b)) return false;
  return fresh(results, a->dtype, {a->sizes[0], a->sizes[1], b->sizes[2]});
}

bool addmm(Args args, Results& results) {
  const Strided* a = tensor_at(args, 1);
  const Strided* b = tensor_at(args, 2);
  if (!same_type(a, b) || !is_number(args, 3) || a->dim() != 2 || b->dim() != 2 || !contract(*a, *b)) return false;
  Dims sizes = {a->sizes[0], b->sizes[1]};
  return fits(tensor_at(args, 0), a->dtype, sizes) && fresh(results, a->dtype, std::move(sizes));
}

bool baddbmm(Args args, Results& results) {
  const Strided* a = tensor_at(args, 1);
  const Strided* b = tensor_at(args, 2);
  if (!same_type(a, b) || !is_number(args, 3) || a->dim() != 3 || b->dim() != 3) return false;
  if (a->sizes[0] != b->sizes[0] || !contract(*a, *b)) return false;
  Dims sizes = {a->sizes[0], a->sizes[1], b->sizes[2]};
  return fits(tensor_at(args, 0), a->dtype, sizes) && fresh(results, a->dtype, std::move(sizes));
}

// (a, b, offsets, bias, type): the rows of a or the columns of b are parted into as many groups as there are offsets.
// Torch built for CUDA also pads the rows of the result to 16 bytes.
bool grouped_mm(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  if (!same_type(a, b) || !absent(args, 3)) return false;
  const std::optional<DType> dtype = dtype_at(args, 4, a->dtype);
  const bool rows = a->dim() == 2 && b->dim() == 3, columns = a->dim() == 3 && b->dim() == 2;
  if (!dtype || (!rows && !columns) || !contract(*a, *b)) return false;
  const Strided* offsets = tensor_at(args, 2);
  if (!offsets || offsets->sizes != Dims{rows ? b->sizes[0] : a->sizes[0]}) return false;
  return fresh(results, *dtype, {a->sizes[rows ? 0 : 1], b->sizes.back()});
}

// (a, b, upper, at the left, ones on the diagonal): what comes out lies column by column.
bool solve_triangular(Args args, Results& results) {
  const Strided* a = tensor_at(args, 0);
  const Strided* b = tensor_at(args, 1);
  if (!same_type(a, b) || is_half(a->dtype) || a->dim() < 2 || b->dim() < 2) return false;
  const std::int64_t size = a->sizes.back();
  if (a->sizes[a->sizes.size() - 2] != size || b->sizes[b->sizes.size() - (is_true(args, 3) ? 2 : 1)] != size)
    return false;
  Dims sizes(a->sizes.begin(), a->sizes.end() - 2);
  if (!broadcast_to(sizes, std::span(b->sizes).first(b->sizes.size() - 2))) return false;
  sizes.push_back(b->sizes.back());
  sizes.push_back(b->sizes[b->sizes.size() - 2]);
  Dims strides = contiguous_strides(sizes);
  std::swap(sizes.end()[-1], sizes.end()[-2]);
  std::swap(strides.end()[-1], strides.end()[-2]);
  return fresh(results, a->dtype, std::move(sizes), std::move(strides));
}

// (query, key, value, mask, dropout, causal, scale, grouped): the batch and head dimensions of the three broadcast.
bool scaled_dot_product_attention(Args args, Results& results) {
  const Strided* q = tensor_at(args, 0);
  const Strided* k = tensor_at(args, 1);
  const Strided* v = tensor_at(args, 2);
  if (!same_type(q, k) || !same_type(k, v) || q->dim() < 2 || q->dim() != k->dim() || q->dim() != v->dim())
    return false;
  const std::size_t batch = q->sizes.size() - 2;
  const bool grouped = is_true(args, 7) && batch > 0;
  Dims sizes(q->sizes.begin(), q->sizes.end() - 2);
  for (const Strided* other : {k, v}) {
    Dims own(other->sizes.begin(), other->sizes.end() - 2);
    if (grouped) {
      const std::int64_t heads = own.back();
      if (heads == 0 || heads != k->sizes[batch - 1] || sizes.back() % heads != 0) return false;
      own.back() = sizes.back();
      if (own != sizes) return false;
    }
    if (!broadcast_to(sizes, own)) return false;
  }
  if (q->sizes[batch + 1] != k->sizes[batch + 1] || k->sizes[batch] != v->sizes[batch]) return false;
  sizes.push_back(q->sizes[batch]);
  sizes.push_back(v->sizes.back());
  if (const Strided* mask = tensor_at(args, 3)) {
    Dims scores = sizes;
    scores.back() = k->sizes[batch];
    if (!fits(mask, mask->dtype, scores)) return false;
  }
  return elements(sizes) > 0 && fresh(results, q->dtype, std::move(sizes));
}

// Torch's meta kernel is the plain one. The fused kernel, which the CPU runs where it can, lays its result out as the
// queries: a model that joins the heads afterwards then needs no copy.
bool fused_attention(Args args, Results& results) {
  if (!scaled_dot_product_attention(args, results)) return false;
  const Strided* q = tensor_at(args, 0);
  const bool drops = args.size() > 4 && args[4].real != 0;
  const auto fits_kernel = [&](std::size_t i) {
    const Strided& x = *tensor_at(args, i);
    const bool same_heads = x.sizes[1] == q->sizes[1] || is_true(args, 7);
    return x.sizes[0] == q->sizes[0] && same_heads && x.sizes[3] == q->sizes[3] && x.strides[3] == 1;
  };
  if (q->dim() != 4 || drops || !fits_kernel(0) || !fits_kernel(1) || !fits_kernel(2)) return true;
  results[0].tensor.strides = preserved_strides(*q);
  return true;
}

}  // namespace thoplw::shape
