// Views of all elements with other sizes. reshape copies if there is no such view.
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Fills in the one size that may be -1; false where the sizes do not hold `numel` elements.
bool infer_size(Dims& sizes, std::int64_t numel) {
  std::int64_t known = 1;
  std::int64_t* unknown = nullptr;
  for (std::int64_t& size : sizes) {
    if (size == -1 && !unknown) {
      unknown = &size;
    } else if (size < 0) {
      return false;
    } else {
      known *= size;
    }
  }
  if (!unknown) return known == numel;
  if (known == 0 || numel % known != 0) return false;
  *unknown = numel / known;
  return true;
}

Dims dims_of(std::span<const std::int64_t> values) { return {values.begin(), values.end()}; }

bool view_to(const Strided& x, Dims sizes, Results& results) {
  if (!infer_size(sizes, elements(x.sizes))) return false;
  std::optional<Dims> strides = view_strides(x, sizes);
  return strides && viewed(results, x, std::move(sizes), std::move(*strides));
}

bool reshape_to(const Strided& x, Dims sizes, Results& results) {
  if (!infer_size(sizes, elements(x.sizes))) return false;
  std::optional<Dims> strides = view_strides(x, sizes);
  if (strides) return viewed(results, x, std::move(sizes), std::move(*strides));
  return fresh(results, x.dtype, std::move(sizes));
}

bool expand_to(const Strided& x, Dims sizes, Results& results) {
  if (sizes.size() < x.sizes.size()) return false;
  const std::size_t shift = sizes.size() - x.sizes.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (i >= shift && sizes[i] == -1) sizes[i] = x.sizes[i - shift];
    if (sizes[i] < 0 || (i >= shift && x.sizes[i - shift] != 1 && x.sizes[i - shift] != sizes[i])) return false;
  }
  Dims strides = expanded_strides(x, sizes);
  return viewed(results, x, std::move(sizes), std::move(strides));
}

}  // namespace

bool alias(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && viewed(results, *x, x->sizes, x->strides);
}

bool view(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && is_ints(args, 1) && view_to(*x, dims_of(args[1].ints), results);
}

bool view_as(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* other = tensor_at(args, 1);
  return x && other && view_to(*x, other->sizes, results);
}

bool reshape(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && is_ints(args, 1) && reshape_to(*x, dims_of(args[1].ints), results);
}

bool reshape_as(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* other = tensor_at(args, 1);
  return x && other && reshape_to(*x, other->sizes, results);
}

// (input, first dimension, last dimension)
bool flatten(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x) return false;
  const std::optional<std::size_t> first = dim_at(args, 1, *x), last = dim_at(args, 2, *x);
  if (!first || !last || *first > *last) return false;
  if (*first == *last) return same(results);
  Dims sizes(x->sizes.begin(), x->sizes.begin() + static_cast<std::ptrdiff_t>(*first));
  sizes.push_back(elements(std::span(x->sizes).subspan(*first, *last - *first + 1)));
  sizes.insert(sizes.end(), x->sizes.begin() + static_cast<std::ptrdiff_t>(*last) + 1, x->sizes.end());
  return reshape_to(*x, std::move(sizes), results);
}

// (input, dimension, its new sizes)
bool unflatten(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 2)) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  Dims parts = dims_of(args[2].ints);
  if (!d || parts.empty() || !infer_size(parts, x->sizes[*d])) return false;
  Dims sizes = x->sizes;
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(*d));
  sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(*d), parts.begin(), parts.end());
  return view_to(*x, std::move(sizes), results);
}

bool expand(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && is_ints(args, 1) && expand_to(*x, dims_of(args[1].ints), results);
}

bool expand_as(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const Strided* other = tensor_at(args, 1);
  return x && other && expand_to(*x, other->sizes, results);
}

// (input, sizes, strides, offset): an offset would count from the storage's beginning, which is not known here.
bool as_strided(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 1) || !is_ints(args, 2) || !absent(args, 3)) return false;
  if (args[1].ints.size() != args[2].ints.size()) return false;
  return viewed(results, *x, dims_of(args[1].ints), dims_of(args[2].ints));
}

}  // namespace thoplw::shape
