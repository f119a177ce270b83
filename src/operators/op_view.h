// An operator with its tensors at hand, as formulas read it.
#pragma once

#include <string_view>

#include "trace/trace.h"

namespace thoplw {

struct OpView {
  const Trace& trace;
  const Op& op;

  /// The i-th input; throws Error if it is absent.
  const Tensor& in(std::size_t i) const;
  const Tensor& out(std::size_t i = 0) const;
  bool has_in(std::size_t i) const;  ///< there, and not an absent optional
  const AttrValue* attr(std::string_view name) const { return Trace::attr(op, name); }
};

}  // namespace thoplw
