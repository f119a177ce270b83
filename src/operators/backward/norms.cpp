// Lowerings of normalizations: the input as it is, and the statistics that are made inside.
#include <algorithm>

#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

bool is_half(DType dtype) { return dtype == DType::f16 || dtype == DType::bf16; }

/// Statistics are as wide as the input, or as its parameters; on CUDA never less than single precision.
DType statistics(const GradOp& op, std::initializer_list<std::size_t> parameters) {
  const DType dtype = op.in(0).dtype;
  if (!is_half(dtype)) return dtype;
  const bool wide =
      std::ranges::any_of(parameters, [&](std::size_t i) { return op.has_in(i) && op.in(i).dtype == DType::f32; });
  return wide || op.flavour.processor == Processor::cuda ? DType::f32 : dtype;
}

/// Two statistics, each with as many elements.
void keep_two(Keeping& k, DType dtype, Count elements) {
  k.fresh(bytes_of(dtype, elements));
  k.fresh(bytes_of(dtype, elements));
}

/// Is the input as the kernel wants it: on the CPU contiguous with the channels first or last, on CUDA first?
bool in_one_piece(const Keeping& k) {
  const Strided layout = k.operand_of(0).layout;
  if (k.op.flavour.processor == Processor::cuda) return shape::is_contiguous(layout);
  return shape::is_contiguous(layout, shape::suggested_format(layout));
}

Count rows(const Tensor& x, std::size_t normalized) {
  Count product = 1;
  for (std::size_t i = 0; i + normalized < x.shape.size(); ++i) product *= x.shape[i];
  return product;
}

/// A vector has one; if it has no elements, torch makes no statistics.
Count channels(const Tensor& x) { return x.shape.size() > 1 ? Count(x.shape[1]) : numel(x); }

/// A file that does not say is of a model in eval mode.
bool trains(const Keeping& k, std::string_view name, std::size_t running_mean) {
  const Origin origin = k.op.trace.origin;
  return flag(k.op, name, origin != Origin::pt2 && origin != Origin::onnx) || !k.op.has_in(running_mean);
}

}  // namespace

// (input, weight, bias, running_mean, running_var)
void batch_norm(Keeping& k) {
  for (const std::size_t i : {0, 1, 3, 4}) k.input(i);
  if (trains(k, "training", 3)) keep_two(k, statistics(k.op, {1, 2, 3, 4}), channels(k.op.in(0)));
}

// The same, whose results are the statistics too, then a reserve and a number.
void batch_norm_index(Keeping& k) {
  for (const std::size_t i : {0, 1, 3, 4}) k.input(i);
  for (const std::size_t i : {1, 2}) k.output(i);
}

// (input, weight, bias)
void layer_norm(Keeping& k) {
  for (const std::size_t i : {0, 1, 2}) k.input(i);
  keep_two(k, statistics(k.op, {1, 2}), rows(k.op.in(0), numbers(k.op, "normalized_shape").size()));
}

// (input, weight, bias)
void group_norm(Keeping& k) {
  if (in_one_piece(k)) {
    k.input(0);
  } else {
    k.fresh(bytes_of(k.op.in(0)));
  }
  k.input(1);
  const auto groups = static_cast<std::int64_t>(number(k.op, "num_groups", 1));
  keep_two(k, statistics(k.op, {1, 2}), Count(k.op.in(0).shape.at(0)) * groups);
}

// (input, weight, bias, running_mean, running_var): a batch_norm of one sample, with each sample's channels beside each
// other; whatever is per channel is repeated for each sample.
void instance_norm(Keeping& k) {
  const Tensor& x = k.op.in(0);
  if (shape::is_contiguous(k.operand_of(0).layout)) {
    k.input(0);
  } else {
    k.fresh(bytes_of(x));
  }
  for (const std::size_t i : {1, 2, 3, 4}) {
    if (k.op.has_in(i)) k.fresh(bytes_of(k.op.in(i)) * x.shape.at(0), i != 2);
  }
  if (trains(k, "use_input_stats", 3)) {
    keep_two(k, statistics(k.op, {1, 2, 3, 4}), Count(x.shape.at(0)) * x.shape.at(1));
  }
}

// (input, weight): one kernel on CUDA, and else a square, a mean, a reciprocal root and one or two products.
void rms_norm(Keeping& k) {
  const Tensor& x = k.op.in(0);
  const DType wide = is_half(x.dtype) ? DType::f32 : x.dtype;
  const Count roots = bytes_of(wide, rows(x, numbers(k.op, "normalized_shape").size()));
  if (k.op.flavour.processor == Processor::cuda) {
    for (const std::size_t i : {0, 1}) k.input(i);
    k.fresh(roots);
    return;
  }
  const bool needs = k.op.need(0), weighted = k.op.has_in(1);
  const Count whole = bytes_of(wide, numel(x)), widened = wide == x.dtype ? 0 : whole;
  if (widened != 0) {
    k.fresh(widened, needs);
  } else if (needs) {
    k.input(0);
  }
  k.fresh(roots, needs);
  if (weighted) {
    k.fresh(whole, k.op.need(1));
    if (needs) k.input(1);
  }
  k.at_once(widened + whole + roots * 2);                              // the square, its mean, and the roots
  k.at_once(widened + roots + whole * (weighted ? 2 : 1));             // the roots, and the products
  if (widened != 0) k.at_once(widened + roots + whole + bytes_of(x));  // the last of them, made narrow
}

// (v, g): over the first or last dimension one kernel, which keeps the norms. Over another, v * (g / norms of a copy).
void weight_norm(Keeping& k) {
  const Tensor& g = k.op.in(1);
  const Count norms = bytes_of(is_half(g.dtype) ? DType::f32 : g.dtype, numel(g));
  const auto dim = static_cast<std::int64_t>(number(k.op, "dim", 0));
  const bool one_kernel = dim == 0 || dim + 1 == static_cast<std::int64_t>(k.op.in(0).shape.size());
  k.input(0);
  if (one_kernel || k.op.need(0)) k.input(1);
  k.fresh(norms);
  if (one_kernel) return;
  k.fresh(norms, k.op.need(0));
  if (k.op.need(0)) k.fresh(bytes_of(k.op.in(0)));  // else it is gone before the result is there
}

}  // namespace thoplw::lower
