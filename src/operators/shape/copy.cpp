// New tensors made of another's elements, or only like another.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// A copy of x in this memory format and type.
bool copied(const Strided& x, DType dtype, MemoryFormat format, Results& results) {
  if (format == MemoryFormat::preserve) return fresh(results, dtype, x.sizes, preserved_strides(x));
  const std::size_t needs = format == MemoryFormat::channels_last      ? 4
                            : format == MemoryFormat::channels_last_3d ? 5
                                                                       : 0;
  if (needs && x.sizes.size() != needs) return false;
  return fresh(results, dtype, x.sizes, strides_for(x.sizes, format));
}

/// (.., *, dtype, layout, device, pin_memory, memory_format), the first at `i`
bool made_like(Args args, std::size_t i, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !absent(args, i + 2)) return false;
  const std::optional<DType> dtype = dtype_at(args, i, x->dtype);
  const std::optional<MemoryFormat> format = format_at(args, i + 4, MemoryFormat::preserve);
  if (!dtype || *dtype == DType::other || !format) return false;
  if (*format != MemoryFormat::preserve) return copied(*x, *dtype, *format, results);
  const std::array<const Strided*, 1> operands = {x};
  return fresh(results, *dtype, x->sizes, elementwise_strides(x->sizes, operands));
}

/// (input, sizes, .., *, dtype, layout, device, pin_memory), dtype at `i`
bool made_new(Args args, std::size_t i, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 1) || !absent(args, i + 2)) return false;
  const std::optional<DType> dtype = dtype_at(args, i, x->dtype);
  if (!dtype || *dtype == DType::other) return false;
  Dims sizes(args[1].ints.begin(), args[1].ints.end());
  return std::ranges::all_of(sizes, [](std::int64_t size) { return size >= 0; }) &&
         fresh(results, *dtype, std::move(sizes));
}

}  // namespace

bool clone(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const std::optional<MemoryFormat> format = format_at(args, 1, MemoryFormat::preserve);
  return x && format && copied(*x, x->dtype, *format, results);
}

bool contiguous(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  const std::optional<MemoryFormat> format = format_at(args, 1, MemoryFormat::contiguous);
  if (!x || !format || *format == MemoryFormat::preserve) return false;
  return is_contiguous(*x, *format) ? same(results) : copied(*x, x->dtype, *format, results);
}

// (input, dtype, non_blocking, copy, memory_format); the other overloads name a device
bool to(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || args.size() != 5 || args[1].kind != Arg::Kind::dtype || args[1].dtype == DType::other) return false;
  const std::optional<MemoryFormat> format = format_at(args, 4, MemoryFormat::preserve);
  if (!format || x->dtype == DType::other) return false;
  const bool as_is = *format == MemoryFormat::preserve || *format == suggested_format(*x);
  if (x->dtype == args[1].dtype && !is_true(args, 3) && as_is) return same(results);
  return copied(*x, args[1].dtype, *format, results);
}

// (input, *, dtype, layout, device, pin_memory, non_blocking, memory_format)
bool to_copy(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !absent(args, 3)) return false;
  const std::optional<DType> dtype = dtype_at(args, 1, x->dtype);
  const std::optional<MemoryFormat> format = format_at(args, 6, MemoryFormat::preserve);
  return dtype && *dtype != DType::other && format && copied(*x, *dtype, *format, results);
}

bool like(Args args, Results& results) { return made_like(args, 1, results); }
bool full_like(Args args, Results& results) { return made_like(args, 2, results); }
bool created(Args args, Results& results) { return made_new(args, 2, results); }
bool new_full(Args args, Results& results) { return made_new(args, 3, results); }

// (tensors, dimension)
bool cat(Args args, Results& results) {
  if (args.size() < 2 || args[0].kind != Arg::Kind::tensors || args[0].tensors.empty() || !is_integer(args, 1))
    return false;
  // torch leaves out tensors of sizes [0], whatever sizes the others have: caches begin as such tensors.
  const auto left_out = [](const Strided* x) { return x && x->dim() == 1 && x->sizes[0] == 0; };
  const auto tensors = args[0].tensors;
  const auto found = std::find_if_not(tensors.begin(), tensors.end(), left_out);
  const Strided* first = found == tensors.end() ? tensors.front() : *found;
  std::int64_t d = args[1].integer;
  if (!first || first->sizes.empty() || !wrap_dim(d, first->dim())) return false;
  Dims sizes = first->sizes;
  sizes[d] = 0;
  MemoryFormat format = suggested_format(*first);
  for (const Strided* x : tensors) {
    if (!x || x->dtype != first->dtype) return false;
    if (suggested_format(*x) != format) format = MemoryFormat::contiguous;
    if (left_out(x)) continue;
    if (x->dim() != first->dim()) return false;
    for (std::int64_t i = 0; i < x->dim(); ++i) {
      if (i != d && x->sizes[i] != sizes[i]) return false;
    }
    sizes[d] += x->sizes[d];
  }
  Dims strides = strides_for(sizes, format);
  return fresh(results, first->dtype, std::move(sizes), std::move(strides));
}

// (tensors, dimension)
bool stack(Args args, Results& results) {
  if (args.size() < 2 || args[0].kind != Arg::Kind::tensors || args[0].tensors.empty() || !is_integer(args, 1))
    return false;
  const Strided* first = args[0].tensors[0];
  std::int64_t d = args[1].integer;
  if (!first || !wrap_dim(d, first->dim() + 1)) return false;
  for (const Strided* x : args[0].tensors) {
    if (!x || x->dtype != first->dtype || x->sizes != first->sizes) return false;
    Strided joined = *x;  // as torch joins them: along this dimension, or along a new one at the end
    if (d == x->dim()) {
      joined.sizes.push_back(1);
      joined.strides.push_back(1);
    }
    if (suggested_format(joined) != MemoryFormat::contiguous) return false;
  }
  Dims sizes = first->sizes;
  sizes.insert(sizes.begin() + d, static_cast<std::int64_t>(args[0].tensors.size()));
  return fresh(results, first->dtype, std::move(sizes));
}

// (input, amounts, innermost dimension first, value)
bool constant_pad(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 1) || args[1].ints.size() % 2 != 0 || args[1].ints.size() / 2 > x->sizes.size())
    return false;
  const std::span<const std::int64_t> amounts = args[1].ints;
  if (std::ranges::any_of(amounts, [](std::int64_t amount) { return amount < 0; })) return false;
  if (std::ranges::all_of(amounts, [](std::int64_t amount) { return amount == 0; })) {
    return copied(*x, x->dtype, MemoryFormat::preserve, results);
  }
  Dims sizes = x->sizes;
  for (std::size_t i = 0; i < amounts.size(); ++i) sizes[sizes.size() - 1 - i / 2] += amounts[i];
  Dims strides = strides_for(sizes, suggested_format(*x));
  return fresh(results, x->dtype, std::move(sizes), std::move(strides));
}

// (input, amounts, mode, value)
bool pad(Args args, Results& results) {
  return args.size() > 2 && args[2].text == "constant" && constant_pad(args.first(2), results);
}

// (input, shifts, dimensions)
bool roll(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 1) || !is_ints(args, 2) || elements(x->sizes) == 0) return false;
  const std::size_t shifts = args[1].ints.size(), dims = args[2].ints.size();
  if (shifts == 0 || (shifts != dims && !(shifts == 1 && dims == 0))) return false;
  for (std::int64_t d : args[2].ints) {
    if (x->sizes.empty() || !wrap_dim(d, x->dim())) return false;
  }
  return fresh(results, x->dtype, x->sizes);
}

bool triangle(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  return x && x->dim() >= 2 && is_integer(args, 1) && fresh(results, x->dtype, x->sizes);
}

bool repeat(Args args, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || !is_ints(args, 1) || args[1].ints.size() < x->sizes.size()) return false;
  Dims sizes(args[1].ints.begin(), args[1].ints.end());
  const std::size_t shift = sizes.size() - x->sizes.size();
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (sizes[i] < 0) return false;
    if (i >= shift) sizes[i] *= x->sizes[i - shift];
  }
  return fresh(results, x->dtype, std::move(sizes));
}

}  // namespace thoplw::shape
