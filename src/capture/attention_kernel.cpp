// Follows a mask back through the operators that made it.
#include "capture/attention_kernel.h"

#include <algorithm>
#include <unordered_set>

namespace thoplw::capture {
namespace {

bool is_learned(const Trace& trace, Id value) {
  std::unordered_set<Id> weights;
  for (const Param& param : trace.params) {
    if (param.trainable) weights.insert(param.value);
  }
  std::unordered_set<Id> sources{value};
  for (auto op = trace.ops.rbegin(); op != trace.ops.rend(); ++op) {
    const auto is_source = [&](Id id) { return sources.contains(id); };
    if (op->grad && std::ranges::any_of(op->out, is_source)) sources.insert(op->in.begin(), op->in.end());
  }
  return std::ranges::any_of(sources, [&](Id id) { return weights.contains(id); });
}

}  // namespace

bool has_learned_mask(const OpCall& call) {
  constexpr std::size_t kMask = 3;
  const KnownTensor* mask = call.read.tensors.size() > kMask ? call.read.tensors[kMask] : nullptr;
  return mask && is_floating(mask->layout.dtype) && is_learned(call.pass.trace, mask->value);
}

}  // namespace thoplw::capture
