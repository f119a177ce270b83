// Counts each parameter that passes the convention's tests: once, or in each module that has it.
#include "count/params.h"

#include <algorithm>
#include <map>
#include <vector>

#include "conventions/class_rules.h"

namespace thoplw {
namespace {

bool is_norm_statistic(const Trace& trace, const Param& param) {
  return param.buffer && (param.name == "running_mean" || param.name == "running_var") &&
         is_batch_norm(trace.class_of(param.module));
}

bool counts(const ParamView& view, const Param& param) {
  const ParamPolicy& policy = view.convention.params;
  if (param.buffer && !(policy.norm_statistics && is_norm_statistic(view.trace, param))) return false;
  return std::ranges::all_of(policy.only, [&](const ParamTest* test) { return test->passes(view, param); });
}

/// By module, how many elements count in its row.
std::vector<Count> params_by_module(const ParamView& view) {
  const Trace& trace = view.trace;
  const ParamPolicy& policy = view.convention.params;
  if (policy.instead) return policy.instead->by_module(view);
  const bool each_time = std::ranges::any_of(policy.only, &ParamTest::each_time);
  std::vector<Count> elements(trace.modules.size());
  std::map<Id, Id> counted;  // by value: the module that it counted for
  for (const Param* param : in_module_order(trace)) {
    if (!counts(view, *param)) continue;
    const auto [known, fresh] = counted.try_emplace(param->value, param->module);
    if (!fresh && (!each_time || known->second == param->module)) continue;
    known->second = param->module;
    Count size = numel(at(trace.values, param->value).shape);
    if (policy.in_places) size *= policy.in_places(at(trace.modules, param->module).places);
    at(elements, row_of(trace, view.usage, param->module)) += size;
  }
  return elements;
}

/// What the model holds, whatever the convention: bits of what has been seen, by value.
void count_true_totals(const Trace& trace, Report& report) {
  enum : unsigned char { kParameter = 1, kTrainable = 2, kBuffer = 4 };
  std::vector<unsigned char> seen(trace.values.size(), 0);
  const auto once = [&](const Param& param, unsigned char bit, Count& total) {
    unsigned char& bits = at(seen, param.value);
    if (bits & bit) return;
    bits |= bit;
    total += numel(at(trace.values, param.value).shape);
  };
  for (const Param& param : trace.params) {
    if (param.buffer) {
      once(param, kBuffer, report.buffers);
      continue;
    }
    once(param, kParameter, report.all_params);
    if (param.trainable) once(param, kTrainable, report.trainable_params);
  }
}

}  // namespace

std::vector<const Param*> in_module_order(const Trace& trace) {
  std::vector<const Param*> params;
  params.reserve(trace.params.size());
  for (const Param& param : trace.params) params.push_back(&param);
  if (!std::ranges::is_sorted(params, {}, &Param::module)) std::ranges::stable_sort(params, {}, &Param::module);
  return params;
}

void count_params(const Trace& trace, const Convention& convention, const Usage& usage, Report& report) {
  const std::vector<bool> leaf = leaves(trace);
  const std::vector<Count> elements = params_by_module({trace, convention, usage, leaf});
  for (std::size_t i = 0; i < elements.size(); ++i) report.rows[i].own[Measure::params] = elements[i];
  count_true_totals(trace, report);
}

}  // namespace thoplw
