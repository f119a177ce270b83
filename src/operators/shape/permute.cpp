// Views with the same dimensions in another order, or with some of size 1 added or dropped.
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool transposed(const Strided& x, std::size_t a, std::size_t b, Results& results) {
  Dims sizes = x.sizes, strides = x.strides;
  if (a != b) {
    std::swap(sizes[a], sizes[b]);
    std::swap(strides[a], strides[b]);
  }
  return viewed(results, x, std::move(sizes), std::move(strides));
}

bool permuted(const Strided& x, std::span<const std::int64_t> order, Results& results) {
  if (order.size() != x.sizes.size() || order.size() > kMaxDims) return false;
  Dims sizes(order.size()), strides(order.size());
  DimSet taken;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::int64_t d = order[i];
    if (!wrap_dim(d, x.dim()) || taken[d]) return false;
    taken[d] = true;
    sizes[i] = x.sizes[d];
    strides[i] = x.strides[d];
  }
  return viewed(results, x, std::move(sizes), std::move(strides));
}

}  // namespace

bool permute(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && is_ints(args, 1) && permuted(*x, args[1].ints, results);
}

bool transpose(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x) return false;
  const std::optional<std::size_t> a = dim_at(args, 1, *x), b = dim_at(args, 2, *x);
  return a && b && transposed(*x, *a, *b, results);
}

bool t(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && x->dim() <= 2 &&
         (x->dim() < 2 ? viewed(results, *x, x->sizes, x->strides) : transposed(*x, 0, 1, results));
}

bool matrix_transpose(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && x->dim() >= 2 && transposed(*x, x->sizes.size() - 2, x->sizes.size() - 1, results);
}

// (input, from, to): integers, or lists of them
bool movedim(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || args.size() != 3 || args[1].kind != args[2].kind || x->sizes.size() > kMaxDims) return false;
  if (x->sizes.empty() || (!is_integer(args, 1) && !is_ints(args, 1))) return false;
  const auto list = [&](const Arg& arg) { return arg.kind == Arg::Kind::ints ? arg.ints : std::span(&arg.integer, 1); };
  const std::span<const std::int64_t> from = list(args[1]), to = list(args[2]);
  if (from.empty() || from.size() != to.size()) return false;
  Dims order(x->sizes.size(), -1);
  DimSet moved;
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::int64_t source = from[i], target = to[i];
    if (!wrap_dim(source, x->dim()) || !wrap_dim(target, x->dim()) || moved[source] || order[target] != -1)
      return false;
    order[target] = source;
    moved[source] = true;
  }
  std::size_t next = 0;
  for (std::int64_t& d : order) {
    if (d != -1) continue;
    while (moved[next]) ++next;
    d = static_cast<std::int64_t>(next++);
  }
  return permuted(*x, order, results);
}

// (input), (input, dimension) or (input, dimensions)
bool squeeze(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || x->sizes.size() > kMaxDims) return false;
  DimSet named;
  if (args.size() == 1) named.set();
  if (args.size() > 1) {
    if (!is_integer(args, 1) && !is_ints(args, 1)) return false;
    const auto dims = is_integer(args, 1) ? std::span(&args[1].integer, 1) : args[1].ints;
    for (std::int64_t d : dims) {
      if (!wrap_dim(d, x->dim())) return false;
      if (!x->sizes.empty()) named[d] = true;
    }
  }
  Dims sizes, strides;
  for (std::size_t d = 0; d < x->sizes.size(); ++d) {
    if (named[d] && x->sizes[d] == 1) continue;
    sizes.push_back(x->sizes[d]);
    strides.push_back(x->strides[d]);
  }
  return viewed(results, *x, std::move(sizes), std::move(strides));
}

bool unsqueeze(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 1)) return false;
  std::int64_t d = args[1].integer;
  if (!wrap_dim(d, x->dim() + 1)) return false;
  Dims sizes = x->sizes, strides = x->strides;
  const std::int64_t stride = d < x->dim() ? sizes[d] * strides[d] : 1;
  sizes.insert(sizes.begin() + d, 1);
  strides.insert(strides.begin() + d, stride);
  return viewed(results, *x, std::move(sizes), std::move(strides));
}

}  // namespace thoplw::shape
