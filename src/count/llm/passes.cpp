// Finds the two calls of a language model, and the tensors of its cache.
#include "count/llm/passes.h"

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
  for (std::size_t i = 0; i < trace.ops.size(); ++i) {
    const Op& op = trace.ops[i];
    if (op.call != 0 || trace.op_name(op) != "aten::alias") continue;
    (static_cast<Id>(i) < parts.decode.first_op ? parts.before : parts.after).push_back(op.in.at(0));
  }
  if (parts.before.size() != passes.cache.size() || parts.after.size() != parts.before.size()) {
    throw Error("the cache has other tensors after a token than before it");
  }
  return parts;
}

}  // namespace thoplw
