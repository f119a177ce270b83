// One row per tool: how it comes to its number.
#include "count/training/tool_totals.h"

#include <algorithm>
#include <array>

#include "base/formatted.h"
#include "conventions/convention.h"
#include "count/count.h"
#include "count/op_work.h"
#include "count/training/autograd.h"
#include "count/training/training.h"
#include "operators/rule.h"
#include "operators/work/formulas.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

struct Asked {
  const Trace& trace;
  const TrainingOptions& options;
  Report exact;  ///< in multiply-adds
};

using TotalFn = ToolTotal (*)(const Asked& asked);

Count groups_of(const Trace& trace, const Op& op, bool transposed) {
  const Dims& x = at(trace.values, transposed ? op.out.front() : op.in[0]).shape;
  const Dims& weight = at(trace.values, op.in[1]).shape;
  if (weight.size() < 2 || x.size() + 1 < weight.size() || weight[1] <= 0) return 1;
  return x[x.size() - weight.size() + 1] / weight[1];
}

/// Multiply-adds that torch 2.13 sees too many: of the weight's gradient, for each group but one.
Count seen_in_groups(const Asked& asked) {
  const Autograd autograd = autograd_of(asked.trace, asked.options);
  const std::vector<bool> weights = made_of_weights(asked.trace);
  Count extra = 0;
  for (std::size_t i = 0; i < asked.trace.ops.size(); ++i) {
    const Op& op = asked.trace.ops[i];
    const Rule* rule = find_rule(asked.trace.op_name(op));
    if (!rule || !autograd.live[i] || op.in.size() < 2 || !autograd.needs(static_cast<Id>(i))[1]) continue;
    const bool transposed = rule->formula == work::conv_transpose;
    if (!transposed && !(rule->formula == work::convolution)) continue;
    const Count groups = groups_of(asked.trace, op, transposed);
    const Count times = op.call == kNone ? Count(1) : at(asked.trace.calls, op.call).times;
    if (groups > 1) extra += work_of(asked.trace, op, rule->formula, weights).products() * (groups - 1) * times;
  }
  return extra;
}

ToolTotal exact(const Asked& asked) {
  const Amounts& total = asked.exact.total;
  const auto twice = [&](Measure measure) { return (total[measure] * 2).value(); };
  std::string why = formatted("{} forward, {} for gradients of activations, {} of weights", twice(Measure::forward),
                              twice(Measure::input_gradient), twice(Measure::weight_gradient));
  if (total[Measure::recompute] > 0) why += formatted(", {} a second time", twice(Measure::recompute));
  if (!asked.exact.exact) why += "; at least";
  return {"thoplw", total[Measure::macs] * 2, why};
}

ToolTotal flop_counter(const Asked& asked) {
  const Report seen = count(asked.trace, find_convention("torch"));
  std::string without;
  Count unseen = 0;
  for (const OpCost& op : asked.exact.ops) {
    const auto same = std::ranges::find(seen.ops, op.name, &OpCost::name);
    if (op.macs == 0 || (same != seen.ops.end() && same->macs > 0)) continue;
    unseen += op.macs;
    without += (without.empty() ? "; no formula for " : ", ") + op.name;
  }
  const Count extra = seen_in_groups(asked);
  std::string why = "sees the operators of a real backward";
  if (extra > 0) {
    why += formatted(
        "; multiplies the weight's gradient of grouped convolutions by their groups, a bug of torch 2.13: {} "
        "too many",
        (extra * 2).value());
  }
  return {"FlopCounterMode", (asked.exact.total[Measure::macs] - unseen + extra) * 2, why + without};
}

ToolTotal thrice(const Asked& asked, std::string_view tool, std::string_view convention, std::string_view why) {
  try {
    const Count forward = count(asked.trace, find_convention(convention)).total[Measure::macs];
    return {tool, forward * 3, formatted("3 times what it counts of the forward, {}; {}", forward.value(), why)};
  } catch (const Error& error) {
    return {tool, std::nullopt, error.what()};
  }
}

ToolTotal calflops(const Asked& asked) {
  return thrice(asked, "calflops", "calflops", "whatever is frozen, the first layer's input too (compute_bp_factor)");
}

ToolTotal deepspeed(const Asked& asked) {
  return thrice(asked, "DeepSpeed", "deepspeed", "whatever is frozen (its backward is taken to be twice the forward)");
}

ToolTotal by_parameters(const Asked& asked) {
  constexpr std::string_view kName = "6 N x tokens";
  for (auto call = asked.trace.calls.rbegin(); call != asked.trace.calls.rend(); ++call) {
    if (call->parent != kNone) continue;
    for (const Id value : call->in) {
      const Tensor& tensor = at(asked.trace.values, value);
      if (!is_integral(tensor.dtype) || tensor.shape.size() != 2) continue;
      const Count tokens = numel(tensor), params = asked.exact.all_params;
      return {
          kName, params * tokens * 6,
          formatted("6 for each of {} parameters and {} tokens: embeddings as if they were multiplied, attention not "
                    "at all, whatever is frozen",
                    params.value(), tokens.value())};
    }
    break;
  }
  return {kName, std::nullopt, "no input is [batch, tokens] of integers"};
}

constexpr auto kTools = std::to_array<TotalFn>({exact, flop_counter, calflops, deepspeed, by_parameters});

}  // namespace

std::vector<ToolTotal> tool_totals(const Trace& trace, const TrainingPlan& plan) {
  std::vector<ToolTotal> totals;
  planned(trace, plan, [&](const Trace& changed, const TrainingOptions& options) {
    const Asked asked{changed, options, count_training(changed, find_convention("exact"), options)};
    for (const TotalFn total : kTools) totals.push_back(total(asked));
  });
  return totals;
}

}  // namespace thoplw
