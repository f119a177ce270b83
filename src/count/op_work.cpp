// Tells products with weights from those of two activations.
#include "count/op_work.h"

#include <algorithm>

namespace thoplw {

Work work_of(const Trace& trace, const Op& op, const Formula& formula, const std::vector<bool>& weights) {
  Work work = formula({trace, op});
  Count& contraction = work[Kind::contraction];
  if (contraction == 0 || std::ranges::any_of(op.in, [&](Id id) { return id != kNone && at(weights, id); })) {
    return work;
  }
  work[Kind::attention] += contraction;
  contraction = 0;
  return work;
}

std::string located(const std::string& path, const std::string& what, const Error& error) {
  return (path.empty() ? "" : path + ": ") + what + ": " + error.what();
}

}  // namespace thoplw
