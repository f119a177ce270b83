// Divides the sums from the first row on, so that rows add up to the total, and only the total is cut.
#include "count/per_sample.h"

#include <optional>

#include "trace/trace.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

/// The first size of what goes into the model, summed over its passes.
std::uint64_t count_samples(const Trace& trace) {
  std::uint64_t samples = 0;
  for (const Call& call : trace.calls) {
    const std::optional<Tensor> input = call.parent == kNone ? first_tensor(trace, call.in) : std::nullopt;
    if (input) samples += input->shape.empty() ? 1 : static_cast<std::uint64_t>(input->shape.front());
  }
  return samples;
}

/// `macs_of` gives a reference to an item's multiply-adds.
void share(auto& items, std::uint64_t samples, auto macs_of) {
  Count all = 0;
  for (auto& item : items) {
    Count& macs = macs_of(item);
    const std::uint64_t before = all.value() / samples;
    all += macs;
    macs = all.value() / samples - before;
  }
}

}  // namespace

void share_among_samples(const Trace& trace, Report& report) {
  const std::uint64_t samples = count_samples(trace);
  if (samples < 2) return;
  share(report.rows, samples, [](Row& row) -> Count& { return row.own[Measure::macs]; });
  share(report.steps, samples, [](Step& step) -> Count& { return step.macs; });
  share(report.ops, samples, [](OpCost& op) -> Count& { return op.macs; });
}

}  // namespace thoplw
