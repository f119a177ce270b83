// What tools see that replace functions of torch while a model runs: some spellings of an operator and not others.
#pragma once

#include <algorithm>
#include <iterator>
#include <string>
#include <string_view>

#include "operators/op_view.h"

namespace thoplw::tools {

/// Classes that call an activation function which they got hold of when they were built, before it was replaced.
constexpr std::string_view kHoldFunctions[] = {"torch.nn.TransformerDecoderLayer", "torch.nn.TransformerEncoderLayer",
                                               "transformers.activations.GELUActivation",
                                               "transformers.activations.GELUTanh"};

/// False where the operator was called in a way that such a tool does not see: x + y, x @ y, torch.relu(x), inside of
/// another.
inline bool seen(const OpView& op) {
  if (op.attr("spelt")) return false;
  const std::string_view name = op.trace.op_name(op.op);
  if (op.op.call == kNone || (name != "aten::relu" && name != "aten::gelu")) return true;
  const Id module = at(op.trace.calls, op.op.call).module;
  return std::ranges::find(kHoldFunctions, op.trace.class_of(module).name) == std::end(kHoldFunctions);
}

/// Whether torch itself called the operator, inside of one that has no rule here: a traced graph has that one.
inline bool inside(const OpView& op) {
  const AttrValue* spelt = op.attr("spelt");
  return spelt && *spelt == AttrValue(std::string("inside"));
}

/// Elements of a sum or product as ptflops and its kin have them: sizes are matched from the first on.
inline Count broadcast_from_first(const OpView& op) {
  if (!op.has_in(1)) return numel(op.in(0));
  const Dims& a = op.in(0).shape;
  const Dims& b = op.in(1).shape;
  Count elements = 1;
  for (std::size_t i = 0; i < std::max(a.size(), b.size()); ++i) {
    elements *= std::max(i < a.size() ? a[i] : 1, i < b.size() ? b[i] : 1);
  }
  return elements;
}

/// All elements of the first matrix by the columns of the second, which is what such tools pay for a product.
inline Count product(const Tensor& a, const Tensor& b) {
  return numel(a) * (b.shape.empty() ? std::int64_t{1} : b.shape.back());
}

}  // namespace thoplw::tools
