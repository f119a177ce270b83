// Asks the rule's function, or adds up the terms that a user gave in its place.
#include "conventions/rule_costs.h"

#include <algorithm>

namespace thoplw {
namespace {

/// Of a module's call or an operator that did `own` work itself.
Work cost_of(const Terms& terms, const auto& view, const Work& own, Count parameters) {
  Work cost = terms.prices.of(own);
  if (terms.inputs > 0) cost[terms.pays] += numel(view.in(0)) * terms.inputs;
  if (terms.outputs > 0) cost[terms.pays] += numel(view.out(0)) * terms.outputs;
  cost[terms.pays] += parameters * terms.parameters;
  return cost;
}

}  // namespace

Work cost_of(const ClassRule& rule, const CallView& call) {
  if (!rule.terms) return rule.cost(call);
  Count parameters = 0;
  for (const Param* param : call.params) {
    if (!param->buffer) parameters += numel(at(call.trace.values, param->value));
  }
  return cost_of(*rule.terms, call, call.own, parameters);
}

Work cost_of(const OpRule& rule, const OpView& op, const Work& own) {
  return rule.terms ? cost_of(*rule.terms, op, own, 0) : rule.cost(op);
}

const OpRule* find_op_rule(const Convention& convention, std::string_view name) {
  const auto named = [&](std::string_view wanted) {
    return std::ranges::find(convention.op_rules, wanted, &OpRule::name);
  };
  auto row = named(name);
  if (row == convention.op_rules.end() && name.ends_with('_')) row = named(name.substr(0, name.size() - 1));
  return row == convention.op_rules.end() ? nullptr : &*row;
}

}  // namespace thoplw
