// Follows calls and operators back to the modules and parameters that they used.
#include "trace/usage.h"

#include <algorithm>
#include <limits>

namespace thoplw {
namespace {

/// How often a record says that its module ran. The body of a loop inside of a call is no further call.
std::uint64_t times_ran(const Trace& trace, const Call& call) {
  if (call.parent == kNone) return call.times.value();
  const Call& around = at(trace.calls, call.parent);
  return around.module == call.module && around.times != call.times ? 0 : call.times.value();
}

/// Stops at the greatest int.
int added(int a, std::uint64_t b) {
  constexpr int kMost = std::numeric_limits<int>::max();
  return b > static_cast<std::uint64_t>(kMost - a) ? kMost : a + static_cast<int>(b);
}

}  // namespace

Usage find_usage(const Trace& trace) {
  Usage usage;
  usage.calls.assign(trace.modules.size(), 0);
  usage.read.assign(trace.modules.size(), false);
  usage.first_call.assign(trace.modules.size(), kNone);
  usage.last_call.assign(trace.modules.size(), kNone);
  for (std::size_t i = 0; i < trace.calls.size(); ++i) {
    const auto module = static_cast<std::size_t>(trace.calls[i].module);
    if (usage.first_call[module] == kNone) usage.first_call[module] = static_cast<Id>(i);
    usage.last_call[module] = static_cast<Id>(i);
    usage.calls[module] = added(usage.calls[module], times_ran(trace, trace.calls[i]));
  }

  std::vector<bool> read(trace.values.size(), false);
  for (const Op& op : trace.ops) {
    for (Id value : op.in) {
      if (value != kNone) at(read, value) = true;
    }
  }
  // A weight tied to that of a called module says nothing of the other modules that have it.
  for (const Param& param : trace.params) {
    if (usage.called(param.module)) at(read, param.value) = false;
  }
  for (const Param& param : trace.params) {
    if (!usage.called(param.module) && at(read, param.value)) {
      at(usage.read, param.module) = true;
    }
  }
  return usage;
}

Id row_of(const Trace& trace, const Usage& usage, Id module) {
  if (!at(usage.read, module)) return module;
  Id around = at(trace.modules, module).parent;
  while (around != kNone && !usage.called(around)) around = at(trace.modules, around).parent;
  return around == kNone ? 0 : around;
}

std::vector<bool> made_of_weights(const Trace& trace) {
  std::vector<bool> weights(trace.values.size(), false);
  const auto is_weight = [&](Id value) { return value == kNone || at(weights, value); };
  for (const Param& param : trace.params) at(weights, param.value) = true;
  for (const Op& op : trace.ops) {
    const bool reads_any = std::ranges::any_of(op.in, [](Id value) { return value != kNone; });
    if (!reads_any || !std::ranges::all_of(op.in, is_weight)) continue;
    for (Id value : op.out) {
      if (value != kNone) at(weights, value) = true;
    }
  }
  return weights;
}

std::optional<Tensor> first_tensor(const Trace& trace, const std::vector<Id>& ids) {
  for (Id id : ids) {
    if (id != kNone) return at(trace.values, id);
  }
  return std::nullopt;
}

// Modules are listed after the module that they are in, so one pass from the back finds what is inside of each.
std::vector<std::string> unused_modules(const Trace& trace, const Usage& usage) {
  std::vector<bool> used(trace.modules.size());
  std::vector<bool> has_params(trace.modules.size(), false);
  std::vector<bool> used_elsewhere(trace.values.size(), false);  // a weight tied to that of a used module is in use
  for (const Param& param : trace.params) {
    if (usage.used(param.module)) at(used_elsewhere, param.value) = true;
  }
  for (const Param& param : trace.params) {
    if (param.buffer || at(used_elsewhere, param.value)) continue;
    at(has_params, param.module) = true;
  }
  for (std::size_t i = 0; i < used.size(); ++i) used[i] = usage.used(static_cast<Id>(i));
  for (std::size_t i = used.size(); i-- > 1;) {
    const auto parent = static_cast<std::size_t>(trace.modules[i].parent);
    used[parent] = used[parent] || used[i];
    has_params[parent] = has_params[parent] || has_params[i];
  }
  std::vector<std::string> paths;
  for (std::size_t i = 0; i < used.size(); ++i) {
    const Id parent = trace.modules[i].parent;
    const bool outermost = parent == kNone || at(used, parent);
    if (!used[i] && has_params[i] && outermost) paths.push_back(trace.modules[i].path);
  }
  return paths;
}

}  // namespace thoplw
