// Finds the two calls of a language model, and the tensors of its cache.
#include "count/llm/passes.h"

#include <algorithm>

#include "base/error.h"

namespace thoplw {

PassParts parts_of(const LlmPasses& passes) {
  const Trace& trace = passes.trace;
  PassParts parts;
  std::vector<OpRange> ranges;
  for (const Call& call : trace.calls) {
    if (call.parent != 0 || (parts.root != kNone && call.module != parts.root)) continue;
    parts.root = call.module;
    ranges.push_back({call.first_op, call.end_op});
  }
  if (ranges.size() != 2) throw Error("the trace is not one of a prompt and of one token more");
  parts.prefill = ranges[0];
  parts.decode = ranges[1];
  std::vector<Id> after;
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    const Op& op = trace.ops[i];
    if (op.call != 0 || trace.op_name(op) != "aten::alias") continue;
    (static_cast<Id>(i) < parts.decode.first_op ? parts.before : after).push_back(op.in.at(0));
  }
  if (parts.before.size() != passes.cache.size() || after.size() != passes.cache_after.size()) {
    throw Error("the trace does not mark each tensor of the cache");
  }
  parts.after = parts.before;
  for (std::size_t i = 0; i < after.size(); ++i) {
    const auto same = std::ranges::find(passes.cache, passes.cache_after[i]);
    if (same == passes.cache.end()) {
      parts.added.push_back(after[i]);
    } else {
      parts.after[static_cast<std::size_t>(same - passes.cache.begin())] = after[i];
    }
  }
  return parts;
}

}  // namespace thoplw
