// Walks the operators from the last to the first, with what the results need so far.
#include "count/live_ops.h"

#include <algorithm>

namespace thoplw {

std::vector<bool> live_ops(const Trace& trace) {
  std::vector<bool> live(trace.ops.size(), false), wanted(trace.values.size(), false);
  const auto is_wanted = [&](Id id) { return id != kNone && at(wanted, id); };
  const auto want = [&](const std::vector<Id>& ids) {
    for (Id id : ids) {
      if (id != kNone) at(wanted, id) = true;
    }
  };
  for (const Call& call : trace.calls) {
    if (call.parent == kNone) want(call.out);
  }
  for (std::size_t i = live.size(); i-- > 0;) {
    const Op& op = trace.ops[i];
    live[i] = trace.op_name(op).ends_with('_') || std::ranges::any_of(op.out, is_wanted);
    if (live[i]) want(op.in);
  }
  return live;
}

}  // namespace thoplw
