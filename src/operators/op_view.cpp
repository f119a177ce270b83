// Finds an operator's tensors in the trace.
#include "operators/op_view.h"

#include <string>

#include "base/error.h"

namespace thoplw {

bool OpView::has_in(std::size_t i) const { return i < op.in.size() && op.in[i] != kNone; }

const Tensor& OpView::in(std::size_t i) const {
  if (!has_in(i)) throw Error("tensor argument " + std::to_string(i + 1) + " is missing");
  return trace.values[static_cast<std::size_t>(op.in[i])];
}

const Tensor& OpView::out(std::size_t i) const {
  if (i >= op.out.size() || op.out[i] == kNone) throw Error("result " + std::to_string(i + 1) + " is missing");
  return trace.values[static_cast<std::size_t>(op.out[i])];
}

}  // namespace thoplw
