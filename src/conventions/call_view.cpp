// How class rules read a call.
#include <algorithm>
#include <string>

#include "conventions/convention.h"

namespace thoplw {
namespace {

const Tensor& tensor(const Trace& trace, const std::vector<Id>& ids, std::size_t i, const char* what) {
  if (i >= ids.size() || ids[i] == kNone) {
    throw Error(std::string(what) + " " + std::to_string(i + 1) + " of the call is not a tensor");
  }
  return at(trace.values, ids[i]);
}

}  // namespace

const Tensor& CallView::in(std::size_t i) const { return tensor(trace, call.in, i, "input"); }
const Tensor& CallView::out(std::size_t i) const { return tensor(trace, call.out, i, "output"); }

const Tensor* CallView::param(std::string_view name) const {
  const auto found = std::find_if(params.begin(), params.end(), [&](const Param* p) { return p->name == name; });
  return found == params.end() ? nullptr : &at(trace.values, (*found)->value);
}

const Tensor* CallView::param_or_input(std::string_view name, std::size_t i) const {
  if (const Tensor* found = param(name)) return found;
  const auto convolves = [](const OpView& op) { return op.trace.op_name(op.op).find("::conv") != std::string::npos; };
  const auto op = std::find_if(ops.begin(), ops.end(), convolves);
  return op != ops.end() && op->has_in(i) ? &op->in(i) : nullptr;
}

}  // namespace thoplw
