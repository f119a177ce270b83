// Poolings and resizings: results keep the input's memory format.
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Where the schema has a pooling's arguments; 0 where it has none.
struct Places {
  std::size_t kernel = 1, stride = 2, padding = 3, dilation = 0, ceil = 0;
};
constexpr Places kMaxPool = {.dilation = 4, .ceil = 5};
constexpr Places kAvgPool = {.ceil = 4};

/// The output size of one dimension; 0 where torch would refuse.
std::int64_t pooled(std::int64_t size, std::int64_t kernel, std::int64_t stride, std::int64_t padding,
                    std::int64_t dilation, bool ceil) {
  if (kernel < 1 || stride < 1 || padding < 0 || dilation < 1 || padding > kernel / 2) return 0;
  const std::int64_t room = size + 2 * padding - dilation * (kernel - 1) - 1;
  if (room < 0) return 0;
  std::int64_t out = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (out - 1) * stride >= size + padding) --out;  // the last window must start inside
  return out;
}

/// The sizes after pooling the last `spatial` dimensions of x; empty where torch would refuse.
Dims pooled_sizes(Args args, const Places& at, std::size_t spatial) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || elements(x->sizes) == 0) return {};
  if (x->sizes.size() != spatial + 1 && x->sizes.size() != spatial + 2) return {};
  const std::size_t stride_at = is_ints(args, at.stride) && args[at.stride].ints.empty() ? at.kernel : at.stride;
  Dims sizes = x->sizes;
  for (std::size_t d = 0; d < spatial; ++d) {
    std::int64_t kernel = 0, stride = 0, padding = 0, dilation = 1;
    if (!extent_at(args, at.kernel, d, spatial, kernel) || !extent_at(args, stride_at, d, spatial, stride) ||
        !extent_at(args, at.padding, d, spatial, padding) ||
        (at.dilation && !extent_at(args, at.dilation, d, spatial, dilation))) {
      return {};
    }
    std::int64_t& size = sizes[sizes.size() - spatial + d];
    size = pooled(size, kernel, stride, padding, dilation, is_true(args, at.ceil));
    if (size < 1) return {};
  }
  return sizes;
}

/// A new tensor of these sizes in x's memory format. In one dimension torch goes by way of two: not answered unless
/// plain.
bool formatted(const Strided& x, Dims sizes, std::size_t spatial, Results& results) {
  if (spatial == 1 && !is_canonical(x)) return false;
  Dims strides = strides_for(sizes, suggested_format(x));
  return fresh(results, x.dtype, std::move(sizes), std::move(strides));
}

bool pool(Args args, const Places& at, std::size_t spatial, Results& results) {
  Dims sizes = pooled_sizes(args, at, spatial);
  return !sizes.empty() && formatted(*args[0].tensor, std::move(sizes), spatial, results);
}

bool with_indices(Args args, std::size_t spatial, Results& results) {
  if (!pool(args, kMaxPool, spatial, results)) return false;
  Strided indices = results[0].tensor;
  return fresh(results, DType::i64, std::move(indices.sizes), std::move(indices.strides));
}

bool adaptive(Args args, std::size_t spatial, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || elements(x->sizes) == 0) return false;
  if (x->sizes.size() != spatial + 1 && x->sizes.size() != spatial + 2) return false;
  Dims sizes = x->sizes;
  for (std::size_t d = 0; d < spatial; ++d) {
    std::int64_t& size = sizes[sizes.size() - spatial + d];
    if (!extent_at(args, 1, d, spatial, size) || size < 1) return false;
  }
  if (spatial == 3 && suggested_format(*x) != MemoryFormat::contiguous) return false;  // depends on the output size
  return formatted(*x, std::move(sizes), spatial, results);
}

}  // namespace

bool max_pool1d(Args args, Results& results) { return pool(args, kMaxPool, 1, results); }
bool max_pool2d(Args args, Results& results) { return pool(args, kMaxPool, 2, results); }
bool max_pool3d(Args args, Results& results) { return pool(args, kMaxPool, 3, results); }
bool max_pool2d_with_indices(Args args, Results& results) { return with_indices(args, 2, results); }
bool avg_pool1d(Args args, Results& results) { return pool(args, kAvgPool, 1, results); }
bool avg_pool2d(Args args, Results& results) { return pool(args, kAvgPool, 2, results); }

bool avg_pool3d(Args args, Results& results) {
  Dims sizes = pooled_sizes(args, kAvgPool, 3);
  return !sizes.empty() && fresh(results, args[0].tensor->dtype, std::move(sizes));
}

bool adaptive_avg_pool1d(Args args, Results& results) { return adaptive(args, 1, results); }
bool adaptive_avg_pool2d(Args args, Results& results) { return adaptive(args, 2, results); }
bool adaptive_avg_pool3d(Args args, Results& results) { return adaptive(args, 3, results); }

namespace {

// (input, output size, ..., factors or None) and its `vec` form (input, output size or None, ..., list of factors).
bool upsample(Args args, std::size_t spatial, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || x->sizes.size() != spatial + 2 || !is_real_float(x->dtype) || elements(x->sizes) == 0) return false;
  const Arg& factors = args.back();
  const bool scaled = absent(args, 1) && factors.kind == Arg::Kind::reals && factors.reals.size() == spatial;
  Dims sizes = x->sizes;
  for (std::size_t d = 0; d < spatial; ++d) {
    std::int64_t& size = sizes[2 + d];
    if (scaled) {
      size = static_cast<std::int64_t>(static_cast<double>(size) * factors.reals[d]);  // torch cuts off, too
    } else if (!extent_at(args, 1, d, spatial, size)) {
      return false;
    }
    if (size < 1) return false;
  }
  return formatted(*x, std::move(sizes), spatial, results);
}

}  // namespace

bool upsample1d(Args args, Results& results) { return upsample(args, 1, results); }
bool upsample2d(Args args, Results& results) { return upsample(args, 2, results); }
bool upsample3d(Args args, Results& results) { return upsample(args, 3, results); }

bool pixel_shuffle(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || x->dim() < 3 || !is_integer(args, 1) || args[1].integer < 1) return false;
  const std::int64_t factor = args[1].integer;
  Dims sizes = x->sizes;
  std::int64_t* last = sizes.data() + sizes.size() - 3;
  if (last[0] % (factor * factor) != 0) return false;
  last[0] /= factor * factor;
  last[1] *= factor;
  last[2] *= factor;
  return fresh(results, x->dtype, std::move(sizes));
}

bool pixel_unshuffle(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || x->dim() < 3 || !is_integer(args, 1) || args[1].integer < 1) return false;
  if (suggested_format(*x) != MemoryFormat::contiguous) return false;
  const std::int64_t factor = args[1].integer;
  Dims sizes = x->sizes;
  std::int64_t* last = sizes.data() + sizes.size() - 3;
  if (last[1] % factor != 0 || last[2] % factor != 0) return false;
  last[0] *= factor * factor;
  last[1] /= factor;
  last[2] /= factor;
  return fresh(results, x->dtype, std::move(sizes));
}

// (input, grid of places, mode, padding, whether corners are aligned)
bool grid_sampler(Args args, Results& results) {
  const Strided *x = tensor_at(args, 0), *grid = tensor_at(args, 1);
  if (!x || !grid || !is_real_float(x->dtype) || grid->dtype != x->dtype) return false;
  if ((x->dim() != 4 && x->dim() != 5) || grid->dim() != x->dim() || grid->sizes.back() != x->dim() - 2) return false;
  if (grid->sizes[0] != x->sizes[0] || elements(x->sizes) == 0) return false;
  if (!is_integer(args, 2) || (x->dim() == 5 && args[2].integer == 2)) return false;  // bicubic is for images
  Dims sizes = {x->sizes[0], x->sizes[1]};
  sizes.insert(sizes.end(), grid->sizes.begin() + 1, grid->sizes.end() - 1);
  return fresh(results, x->dtype, std::move(sizes));
}

namespace {

/// How many windows fit into sizes (height, width), whose kernel, dilation, padding and stride stand from `at` on;
/// 0 where torch would refuse.
std::int64_t windows(Args args, std::size_t at, std::span<const std::int64_t> sizes) {
  std::int64_t count = 1;
  for (std::size_t d = 0; d < 2; ++d) {
    std::int64_t kernel = 0, dilation = 0, padding = 0, stride = 0;
    if (!extent_at(args, at, d, 2, kernel) || !extent_at(args, at + 1, d, 2, dilation) ||
        !extent_at(args, at + 2, d, 2, padding) || !extent_at(args, at + 3, d, 2, stride) || sizes.size() != 2) {
      return 0;
    }
    if (kernel < 1 || dilation < 1 || padding < 0 || stride < 1) return 0;
    const std::int64_t room = sizes[d] + 2 * padding - dilation * (kernel - 1) - 1;
    if (room < 0) return 0;
    count *= room / stride + 1;
  }
  return count;
}

std::int64_t kernel_area(const Arg& kernel) {
  return kernel.kind == Arg::Kind::integer ? kernel.integer * kernel.integer : kernel.ints[0] * kernel.ints.back();
}

}  // namespace

// (input, kernel, dilation, padding, stride)
bool im2col(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || (x->dim() != 3 && x->dim() != 4) || elements(x->sizes) == 0) return false;
  const std::int64_t count = windows(args, 1, std::span(x->sizes).last(2));
  if (count == 0) return false;
  Dims sizes(x->sizes.begin(), x->sizes.end() - 2);
  sizes.back() *= kernel_area(args[1]);
  sizes.push_back(count);
  return fresh(results, x->dtype, std::move(sizes));
}

// (columns, output size, kernel, dilation, padding, stride)
bool col2im(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || (x->dim() != 2 && x->dim() != 3) || elements(x->sizes) == 0 || !is_ints(args, 1)) return false;
  if (windows(args, 2, args[1].ints) != x->sizes.back()) return false;
  Dims sizes(x->sizes.begin(), x->sizes.end() - 1);
  const std::int64_t area = kernel_area(args[2]);
  if (sizes.back() % area != 0) return false;
  sizes.back() /= area;
  sizes.insert(sizes.end(), args[1].ints.begin(), args[1].ints.end());
  return fresh(results, x->dtype, std::move(sizes));
}

}  // namespace thoplw::shape
