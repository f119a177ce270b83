// Walks the parameters and buffers of a trace.
#include "count/held.h"

#include <optional>
#include <span>
#include <vector>

#include "count/params.h"

namespace thoplw {
namespace {

/// By value: was it met before? It is from now on.
bool first(std::vector<bool>& met, Id value) {
  const bool is_first = !at(met, value);
  at(met, value) = true;
  return is_first;
}

void count_trainable(const Trace& trace, std::span<const Param* const> params, Report& report) {
  std::vector<bool> met(trace.values.size(), false);
  for (const Param* param : params) {
    if (param->buffer || !param->trainable || !first(met, param->value)) continue;
    at(report.rows, param->module).own[Measure::trainable] += numel(at(trace.values, param->value).shape);
  }
}

/// False where the bytes of some tensor, or of all, are not known.
bool count_bytes(const Trace& trace, std::span<const Param* const> params, Report& report) try {
  std::vector<bool> met(trace.values.size(), false);
  Count all = 0;
  for (const Param* param : params) {
    if (!first(met, param->value)) continue;
    const std::optional<Count> bytes = known_bytes(at(trace.values, param->value));
    if (!bytes) return false;
    all += *bytes;  // throws beyond 64 bits
    at(report.rows, param->module).own[Measure::bytes] += *bytes;
  }
  return true;
} catch (const Error&) {
  return false;
}

}  // namespace

void count_held(const Trace& trace, Report& report) {
  const std::vector<const Param*> params = in_module_order(trace);
  count_trainable(trace, params, report);
  report.known.set(static_cast<std::size_t>(Measure::trainable));
  report.known.set(static_cast<std::size_t>(Measure::bytes), count_bytes(trace, params, report));
  for (Row& row : report.rows) {
    row.known = report.known;
    if (!report.has(Measure::bytes)) row.own[Measure::bytes] = 0;  // of a part of them alone
  }
}

}  // namespace thoplw
