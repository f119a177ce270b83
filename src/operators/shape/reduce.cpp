// Reductions over some or all dimensions.
#include <algorithm>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Reads which dimensions to reduce, an integer or list at `i`; none or an empty list means all.
bool read_reduced(Args args, std::size_t i, const Strided& x, DimSet& reduced) {
  reduced.set();
  std::span<const std::int64_t> dims;
  if (is_integer(args, i)) {
    dims = {&args[i].integer, 1};
  } else if (is_ints(args, i)) {
    dims = args[i].ints;
  } else if (!absent(args, i)) {
    return false;
  }
  if (dims.empty()) return true;
  reduced.reset();
  for (std::int64_t d : dims) {
    if (!wrap_dim(d, x.dim())) return false;
    if (x.sizes.empty()) continue;
    if (reduced[d]) return false;  // named twice
    reduced[d] = true;
  }
  return true;
}

/// A new tensor: x without the dimensions named at `dims_at`, or with 1 in their place.
bool reduce(Args args, std::size_t dims_at, bool keep, DType dtype, Results& results) {
  const Strided& x = *args[0].tensor;
  DimSet reduced;
  if (x.sizes.size() > kMaxDims || !read_reduced(args, dims_at, x, reduced)) return false;
  Dims sizes;
  sizes.reserve(x.sizes.size());
  for (std::size_t d = 0; d < x.sizes.size(); ++d) {
    if (!reduced[d]) sizes.push_back(x.sizes[d]);
    if (reduced[d] && keep) sizes.push_back(1);
  }
  return fresh(results, dtype, std::move(sizes));
}

/// (input, dtype) or (input, dims, keepdim, dtype); integers become `of_integers`.
bool reduce_typed(Args args, std::optional<DType> of_integers, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || (!is_real_float(x->dtype) && !is_integral(x->dtype))) return false;
  const bool over_all = args.size() == 2;
  const std::optional<DType> natural = is_integral(x->dtype) ? of_integers : x->dtype;
  const std::optional<DType> dtype = dtype_at(args, over_all ? 1 : 3, natural.value_or(DType::other));
  if (!dtype || (!is_real_float(*dtype) && !(of_integers && is_integral(*dtype)))) return false;
  return over_all ? fresh(results, *dtype, {}) : reduce(args, 1, is_true(args, 2), *dtype, results);
}

}  // namespace

bool mean(Args args, Results& results) { return reduce_typed(args, std::nullopt, results); }

bool sum(Args args, Results& results) { return reduce_typed(args, DType::i64, results); }

// (input, dims, keepdim)
bool amax(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && is_real_float(x->dtype) && elements(x->sizes) > 0 && reduce(args, 1, is_true(args, 2), x->dtype, results);
}

// (input, order, dims, keepdim, dtype)
bool vector_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || !is_number(args, 1) || !absent(args, 4) || elements(x->sizes) == 0)
    return false;
  if (!reduce(args, 2, is_true(args, 3), x->dtype, results)) return false;
  // A norm over dimensions of size 1 is the absolute value, with strides like it.
  return is_canonical(*x) || elements(results[0].tensor.sizes) != elements(x->sizes);
}

// (input, unbiased), (input, dims, unbiased, keepdim) or (input, dims, *, correction, keepdim)
bool var(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype)) return false;
  if (args.size() == 2) return fresh(results, x->dtype, {});
  return reduce(args, 1, is_true(args, 3), x->dtype, results);
}

// (input, dimension, dtype)
bool cumsum(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 1) || !is_canonical(*x)) return false;
  const std::optional<DType> dtype = dtype_at(args, 2, is_integral(x->dtype) ? DType::i64 : x->dtype);
  if (!dtype || (!is_integral(*dtype) && !is_real_float(*dtype))) return false;
  std::int64_t d = args[1].integer;
  return wrap_dim(d, x->dim()) && fresh(results, *dtype, x->sizes);
}

}  // namespace thoplw::shape
