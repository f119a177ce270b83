// Which tensors count as parameters, and where.
#include "count/params.h"

#include <algorithm>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "conventions/class_rules.h"
#include "count/leftovers.h"

namespace thoplw {
namespace {

bool is_norm_statistic(const Trace& trace, const Param& param) {
  if (!param.buffer || (param.name != "running_mean" && param.name != "running_var")) return false;
  return is_batch_norm(trace.class_of(param.module));
}

bool has_rule(const Trace& trace, const Convention& convention, const Param& param) {
  return find_class_rule(convention, trace.class_of(param.module)) != nullptr;
}

bool counts(const Trace& trace, const Convention& convention, const Usage& usage, const std::vector<bool>& leaf,
            const Param& param) {
  const ParamPolicy& policy = convention.params;
  if (policy.only_classes && (param.module == 0 || !usage.called(param.module) || !has_rule(trace, convention, param)))
    return false;
  if (policy.only_leaves && (!usage.called(param.module) || !at(leaf, param.module))) return false;
  if (policy.only_used && !usage.used(param.module)) return false;
  if (policy.only_trainable && !param.buffer && !param.trainable) return false;
  if (policy.lacks && policy.lacks(trace, param)) return false;
  return !param.buffer || (policy.norm_statistics && is_norm_statistic(trace, param));
}

/// A module that was only read has no row to show for it: the nearest one around it that was called answers.
Id answering_row(const Trace& trace, const Usage& usage, Id module) {
  if (!at(usage.read, module)) return module;
  Id around = at(trace.modules, module).parent;
  while (around != kNone && !usage.called(around)) around = at(trace.modules, around).parent;
  return around == kNone ? 0 : around;
}

/// Parameters in the order of their modules.
std::vector<const Param*> in_module_order(const Trace& trace) {
  std::vector<const Param*> params;
  params.reserve(trace.params.size());
  for (const Param& param : trace.params) params.push_back(&param);
  std::stable_sort(params.begin(), params.end(), [](const Param* a, const Param* b) { return a->module < b->module; });
  return params;
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

// ---- operands, as onnx-tool has them

/// Where a parameter counts, by value; kNone for what is none.
std::vector<Id> modules_of_values(const Trace& trace) {
  std::vector<Id> modules(trace.values.size(), kNone);
  for (const Param& param : trace.params) {
    Id& module = at(modules, param.value);
    if (module == kNone) module = param.module;
  }
  return modules;
}

/// Once each, what has no dimensions left out. A file's constants are pairs of a number and how many elements it has.
void count_operands(const Trace& trace, const Convention& convention, const Usage& usage, Report& report) {
  std::vector<Id> modules = modules_of_values(trace);
  std::set<std::int64_t> seen;
  const auto row = [&](Id module) -> Row& { return at(report.rows, answering_row(trace, usage, module)); };
  for (const Op& op : trace.ops) {
    const OpView view{trace, op};
    for (std::size_t i = 0; i < op.in.size(); ++i) {
      if (op.in[i] == kNone) continue;
      Id& module = at(modules, op.in[i]);
      const Tensor& tensor = at(trace.values, op.in[i]);
      if (module == kNone || tensor.shape.empty() || !convention.params.operand(view, i)) continue;
      row(std::exchange(module, kNone)).params += numel(tensor);
    }
    const AttrValue* attr = view.attr("constants");
    const auto* constants = attr ? std::get_if<std::vector<std::int64_t>>(attr) : nullptr;
    if (!constants || !convention.params.operand(view, op.in.size())) continue;
    const Id module = op.call == kNone ? 0 : at(trace.calls, op.call).module;
    for (std::size_t i = 0; i + 1 < constants->size(); i += 2) {
      if (seen.insert((*constants)[i]).second) row(module).params += (*constants)[i + 1];
    }
  }
}

}  // namespace

void count_params(const Trace& trace, const Convention& convention, const Usage& usage, Report& report) {
  if (convention.params.leftovers) {
    add_leftovers(trace, report);
    return count_true_totals(trace, report);
  }
  if (convention.params.operand) {
    count_operands(trace, convention, usage, report);
    return count_true_totals(trace, report);
  }
  const std::vector<bool> leaf = leaves(trace);
  std::map<Id, Id> counted;  // by value: the module that it counted for
  for (const Param* param : in_module_order(trace)) {
    if (!counts(trace, convention, usage, leaf, *param)) continue;
    const auto [known, fresh] = counted.try_emplace(param->value, param->module);
    const bool each_time = convention.params.only_classes || convention.params.only_leaves;
    if (!fresh && (!each_time || known->second == param->module)) continue;
    known->second = param->module;
    const Id row = answering_row(trace, usage, param->module);
    Count elements = numel(at(trace.values, param->value).shape);
    if (convention.sharing == Sharing::hooked) elements *= at(trace.modules, param->module).places;
    at(report.rows, row).params += elements;
  }
  count_true_totals(trace, report);
}

}  // namespace thoplw
