// Normalisations and softmax.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Absent, or a plain tensor of this type and these sizes.
bool is_weight(Args args, std::size_t i, DType dtype, std::span<const std::int64_t> sizes) {
  if (absent(args, i)) return true;
  const Strided* weight = tensor_at(args, i);
  return weight && weight->dtype == dtype && std::ranges::equal(weight->sizes, sizes) && is_canonical(*weight);
}

/// Arguments 1 to 4 are vectors of x's channels, absent or of x's type.
bool is_per_channel(Args args, const Strided& x) {
  const std::span<const std::int64_t> channels(&x.sizes[1], 1);
  for (std::size_t i = 1; i <= 4; ++i) {
    if (!is_weight(args, i, x.dtype, channels)) return false;
  }
  return true;
}

/// The strides of x after steps with one operand each, as torch's meta kernels take them. Only dimensions of size 1
/// make them other than those of x in order.
Dims after_steps(const Strided& x, std::initializer_list<const Strided*> operands) {
  Strided y = x;
  for (const Strided* operand : operands) {
    const Strided expanded = {x.dtype, x.sizes, expanded_strides(*operand, x.sizes)};
    const std::array<const Strided*, 2> both = {&y, &expanded};
    y.strides = elementwise_strides(x.sizes, both);
  }
  return y.strides;
}

Strided contiguous_of(DType dtype, Dims sizes) {
  Dims strides = contiguous_strides(sizes);
  return {dtype, std::move(sizes), std::move(strides)};
}

/// Do the last sizes of x equal those that stand at `i`?
bool is_normalised_shape(Args args, std::size_t i, const Strided& x) {
  if (!is_ints(args, i) || args[i].ints.empty() || args[i].ints.size() > x.sizes.size()) return false;
  return std::ranges::equal(args[i].ints, std::span(x.sizes).last(args[i].ints.size()));
}

/// Strides of dimensions of size 1 that are not as contiguous_strides has them shine through, but for a first that is
/// the largest all the same.
bool has_odd_strides(const Strided& x) {
  if (!is_contiguous(x)) return false;
  const Dims strides = contiguous_strides(x.sizes);
  const bool same_inside = std::equal(strides.begin() + 1, strides.end(), x.strides.begin() + 1);
  return !same_inside || x.strides[0] < strides[0];
}

}  // namespace

// (input, weight, bias, running mean, running variance, training, ...)
bool batch_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || x->dim() < 2 || elements(x->sizes) == 0) return false;
  if (!is_boolean(args, 5) || (!is_true(args, 5) && (absent(args, 3) || absent(args, 4)))) return false;
  if (!is_per_channel(args, *x)) return false;
  if (is_canonical(*x)) return fresh(results, x->dtype, x->sizes, x->strides);
  if (has_ties(*x) && (is_half(x->dtype) || is_true(args, 5) || absent(args, 1) || absent(args, 2))) return false;
  Dims sizes(x->sizes.size() - 1, 1);
  sizes[0] = x->sizes[1];
  const Strided channels = contiguous_of(x->dtype, std::move(sizes));
  return fresh(results, x->dtype, x->sizes, after_steps(*x, {&channels, &channels, &channels, &channels}));
}

bool native_batch_norm(Args args, Results& results) {
  if (!batch_norm(args, results)) return false;
  const Strided& x = *args[0].tensor;
  const DType statistics = is_half(x.dtype) ? DType::f32 : x.dtype;
  return fresh(results, statistics, {x.sizes[1]}) && fresh(results, statistics, {x.sizes[1]});
}

// (input, normalized shape, weight, bias, ...)
bool layer_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || !is_normalised_shape(args, 1, *x)) return false;
  if (!is_weight(args, 2, x->dtype, args[1].ints) || !is_weight(args, 3, x->dtype, args[1].ints)) return false;
  if (is_canonical(*x) || !is_contiguous(*x)) return fresh(results, x->dtype, x->sizes);
  Dims sizes = x->sizes;
  std::fill(sizes.end() - static_cast<std::ptrdiff_t>(args[1].ints.size()), sizes.end(), 1);
  const Strided mean = contiguous_of(x->dtype, std::move(sizes));
  const Strided weight = contiguous_of(x->dtype, Dims(args[1].ints.begin(), args[1].ints.end()));
  const Strided* scale = absent(args, 2) ? &mean : &weight;
  const Strided* shift = absent(args, 3) ? scale : &weight;
  return fresh(results, x->dtype, x->sizes, after_steps(*x, {&mean, &mean, scale, shift}));
}

bool native_layer_norm(Args args, Results& results) {
  if (!layer_norm(args, results)) return false;
  const Strided& x = *args[0].tensor;
  const DType statistics = is_half(x.dtype) ? DType::f32 : x.dtype;
  Dims sizes = x.sizes;
  std::fill(sizes.end() - static_cast<std::ptrdiff_t>(args[1].ints.size()), sizes.end(), 1);
  return fresh(results, statistics, sizes) && fresh(results, statistics, sizes);
}

// (input, groups, weight, bias, ...)
bool group_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || x->dim() < 2 || !is_integer(args, 1)) return false;
  if (has_odd_strides(*x)) return false;
  if (args[1].integer < 1 || x->sizes[1] % args[1].integer != 0 || elements(x->sizes) == 0) return false;
  const std::span<const std::int64_t> channels(&x->sizes[1], 1);
  if (!is_weight(args, 2, x->dtype, channels) || !is_weight(args, 3, x->dtype, channels)) return false;
  return fresh(results, x->dtype, x->sizes);
}

// (input, weight, bias, running mean, running variance, use input's statistics, ...)
bool instance_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || x->dim() < 2 || elements(x->sizes) == 0) return false;
  if (!is_boolean(args, 5) || (!is_true(args, 5) && (absent(args, 3) || absent(args, 4)))) return false;
  return is_per_channel(args, *x) && fresh(results, x->dtype, x->sizes);
}

// (input, normalized shape, weight, ...)
bool rms_norm(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_real_float(x->dtype) || !is_normalised_shape(args, 1, *x) || has_odd_strides(*x)) return false;
  return is_weight(args, 2, x->dtype, args[1].ints) && fresh(results, x->dtype, x->sizes);
}

// (input, dimension, type) or, below the composites, (input, dimension, whether f16 becomes f32)
bool softmax(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_integer(args, 1) || !is_real_float(x->dtype) || is_true(args, 2)) return false;
  const std::optional<DType> dtype = is_boolean(args, 2) ? x->dtype : dtype_at(args, 2, x->dtype);
  std::int64_t d = args[1].integer;
  if (!dtype || !is_real_float(*dtype) || !wrap_dim(d, x->dim())) return false;
  return fresh(results, *dtype, x->sizes);
}

}  // namespace thoplw::shape
