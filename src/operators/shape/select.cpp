// Views of a part: slices, pieces and windows along one dimension.
#include <algorithm>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool narrowed(const Strided& x, std::size_t d, std::int64_t start, std::int64_t length, Results& results) {
  if (start < 0 || length < 0 || start + length > x.sizes[d]) return false;
  Dims sizes = x.sizes;
  sizes[d] = length;
  return viewed(results, x, std::move(sizes), x.strides, start * x.strides[d]);
}

bool split_by(const Strided& x, std::size_t d, std::int64_t length, Results& results) {
  if (length <= 0) return false;
  std::int64_t start = 0;
  do {
    if (!narrowed(x, d, start, std::min(length, x.sizes[d] - start), results)) return false;
    start += length;
  } while (start < x.sizes[d]);
  return true;
}

}  // namespace

// (input, dimension, index)
bool select(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 2)) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d) return false;
  const std::int64_t size = x->sizes[*d];
  const std::int64_t i = args[2].integer < 0 ? args[2].integer + size : args[2].integer;
  if (i < 0 || i >= size) return false;
  Dims sizes = x->sizes, strides = x->strides;
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(*d));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(*d));
  return viewed(results, *x, std::move(sizes), std::move(strides), i * x->strides[*d]);
}

// (input, dimension, start, end, step)
bool slice(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 4) || args[4].integer < 1) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d || (!absent(args, 2) && !is_integer(args, 2)) || (!absent(args, 3) && !is_integer(args, 3))) return false;
  const std::int64_t size = x->sizes[*d], step = args[4].integer;
  std::int64_t start = args[2].integer;  // 0 where absent
  std::int64_t end = absent(args, 3) ? size : args[3].integer;
  if (start < 0) start += size;
  if (end < 0) end += size;
  start = std::clamp<std::int64_t>(start, 0, size);
  end = std::clamp(end, start, size);
  Dims sizes = x->sizes, strides = x->strides;
  sizes[*d] = (end - start) / step + ((end - start) % step != 0);
  strides[*d] *= step;
  return viewed(results, *x, std::move(sizes), std::move(strides), start * x->strides[*d]);
}

// (input, dimension, start, length)
bool narrow(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 2) || !is_integer(args, 3)) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d) return false;
  const std::int64_t start = args[2].integer < 0 ? args[2].integer + x->sizes[*d] : args[2].integer;
  return narrowed(*x, *d, start, args[3].integer, results);
}

// (input, length of each or list of lengths, dimension)
bool split(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x) return false;
  const std::optional<std::size_t> d = dim_at(args, 2, *x);
  if (!d) return false;
  if (is_integer(args, 1)) return split_by(*x, *d, args[1].integer, results);
  if (!is_ints(args, 1)) return false;
  std::int64_t start = 0;
  for (const std::int64_t length : args[1].ints) {
    if (!narrowed(*x, *d, start, length, results)) return false;
    start += length;
  }
  return start == x->sizes[*d];
}

// (input, count, dimension)
bool chunk(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 1) || args[1].integer < 1) return false;
  const std::optional<std::size_t> d = dim_at(args, 2, *x);
  return d && split_by(*x, *d, (x->sizes[*d] + args[1].integer - 1) / args[1].integer, results);
}

bool unbind(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  if (!d) return false;
  Dims sizes = x->sizes, strides = x->strides;
  sizes.erase(sizes.begin() + static_cast<std::ptrdiff_t>(*d));
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(*d));
  for (std::int64_t i = 0; i < x->sizes[*d]; ++i) viewed(results, *x, sizes, strides, i * x->strides[*d]);
  return true;
}

// (input, dimension, size of a window, step)
bool unfold(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 2) || !is_integer(args, 3)) return false;
  const std::optional<std::size_t> d = dim_at(args, 1, *x);
  const std::int64_t window = args[2].integer, step = args[3].integer;
  if (!d || window < 0 || step < 1 || window > x->sizes[*d]) return false;
  Dims sizes = x->sizes, strides = x->strides;
  sizes[*d] = (sizes[*d] - window) / step + 1;
  sizes.push_back(window);
  strides.push_back(strides[*d]);
  strides[*d] *= step;
  return viewed(results, *x, std::move(sizes), std::move(strides));
}

}  // namespace thoplw::shape
