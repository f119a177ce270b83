// What rules read of a layer: its window, and how many dimensions a norm or a pooling has.
#pragma once

#include <algorithm>
#include <string_view>

#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools {

/// 2 of "aten::max_pool2d".
inline std::size_t space_of(const OpView& op) {
  const std::string_view name = op.trace.op_name(op.op);
  const std::size_t digit = name.find_first_of("123");
  return digit == name.npos ? 2 : static_cast<std::size_t>(name[digit] - '0');
}

/// The i-th of an attribute that is one number for all dimensions or one for each.
inline std::int64_t number_at(const OpView& op, std::string_view name, std::size_t i, std::int64_t fallback) {
  const AttrValue* value = op.attr(name);
  if (!value) return fallback;
  if (const auto* one = std::get_if<std::int64_t>(value)) return *one;
  const auto* each = std::get_if<Dims>(value);
  return !each || each->empty() ? fallback : (*each)[std::min(i, each->size() - 1)];
}

/// The window of a pooling, one size per dimension.
inline Dims kernel_of(const OpView& op) {
  Dims kernel(space_of(op));
  for (std::size_t i = 0; i < kernel.size(); ++i) kernel[i] = number_at(op, "kernel_size", i, 1);
  return kernel;
}

/// Over how many of the last dimensions a layer norm goes: those of its weight, or as it says.
inline std::size_t normalized_dims(const OpView& op) {
  if (op.has_in(1)) return op.in(1).shape.size();
  const AttrValue* shape = op.attr("normalized_shape");
  const auto* sizes = shape ? std::get_if<Dims>(shape) : nullptr;
  return sizes ? sizes->size() : 1;
}

inline Count rows_of(const OpView& op) { return work::leading(op.in(0), normalized_dims(op)); }

}  // namespace thoplw::tools
