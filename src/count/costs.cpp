// Walks the calls and operators of a trace: operators become work, work gets its price, class rules speak before.
#include "count/costs.h"

#include <algorithm>
#include <map>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "conventions/class_rules.h"
#include "operators/work/formulas.h"
#include "trace/usage.h"

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

std::string located(const std::string& path, const std::string& what, const Error& error) {
  return (path.empty() ? "" : path + ": ") + what + ": " + error.what();
}

/// Adds the cost of every call to the row of its module.
class Costs {
 public:
  Costs(const Trace& trace, const Convention& convention, Report& report)
      : trace_(trace),
        convention_(convention),
        report_(report),
        weights_(made_of_weights(trace)),
        leaf_rule_{"", convention.leaf_rule},
        leaf_(leaves(trace)) {
    for (const std::string& name : trace.op_names) {
      rules_.push_back(find_rule(name));
      op_rules_.push_back(find_op_rule(convention, name));
    }
    for (const Class& cls : trace.classes) class_rules_.push_back(find_class_rule(convention, cls));
    own_.resize(trace.calls.size());
    find_steps();
    settle_custom_calls();
    group_params();
  }

  void add() {
    const std::vector<bool> live = live_ops();
    for (std::size_t i = 0; i < live.size(); ++i) {
      if (live[i]) add_op(trace_.ops[i]);
    }
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      if (!settled_[i] && rule_of(trace_.calls[i]) && !runs_again(i)) add_call(i);
    }
    if (convention_.per_sample) share_out();
    for (const auto& [call, cost] : at_root_) add_cost(report_.rows.front(), call, cost);
  }

 private:
  const ClassRule* rule_of(const Call& call) const {
    const ClassRule* rule = at(class_rules_, at(trace_.modules, call.module).cls);
    return !rule && leaf_rule_.cost && at(leaf_, call.module) ? &leaf_rule_ : rule;
  }

  /// Those that the model's results, or anything that is written in place, come from; all where that does not matter.
  std::vector<bool> live_ops() const {
    std::vector<bool> live(trace_.ops.size(), !convention_.only_live), wanted(trace_.values.size(), false);
    if (!convention_.only_live) return live;
    const auto want = [&](const std::vector<Id>& ids) {
      for (Id id : ids) {
        if (id != kNone) at(wanted, id) = true;
      }
    };
    for (const Call& call : trace_.calls) {
      if (call.parent == kNone) want(call.out);
    }
    for (std::size_t i = live.size(); i-- > 0;) {
      const Op& op = trace_.ops[i];
      const auto is_wanted = [&](Id id) { return id != kNone && at(wanted, id); };
      live[i] = trace_.op_name(op).ends_with('_') || std::ranges::any_of(op.out, is_wanted);
      if (live[i]) want(op.in);
    }
    return live;
  }

  /// Where only a module's last call counts: is there a later one?
  bool runs_again(std::size_t call) const {
    return convention_.last_call && at(last_call_, trace_.calls[call].module) != call;
  }

  void find_steps() {
    last_call_.resize(trace_.modules.size());
    for (const Call& call : trace_.calls) {
      at(last_call_, call.module) = step_.size();
      step_.push_back(call.parent == kNone ? report_.steps.size() : at(step_, call.parent));
      if (call.parent != kNone) continue;
      report_.steps.push_back({at(trace_.modules, call.module).path, first_tensor(trace_, call.in), 0});
    }
  }

  Count times(Id call) const { return call == kNone ? Count(1) : at(trace_.calls, call).times; }

  /// What one run of `call` costs; kNone where an operator ran outside of all modules.
  void charge(Row& row, Id call, const Work& once) {
    const Count places = module_of(call).places;
    Work cost = once * times(call);
    if (convention_.sharing != Sharing::once) cost = cost * places;
    if (convention_.sharing == Sharing::hooked) cost = cost * places;
    add_cost(row, call, cost);
  }

  void add_cost(Row& row, Id call, const Work& cost) {
    const Count macs = cost.sum();
    row.cost += cost;
    row.macs += macs;
    if (call != kNone) report_.steps[at(step_, call)].macs += macs;
  }

  const Module& module_of(Id call) const {
    return at(trace_.modules, call == kNone ? 0 : at(trace_.calls, call).module);
  }

  /// Costs of all samples become those of one; `Row::cost` stays. What a division leaves over goes to the row that
  /// completes a whole one, so that only the total is cut.
  void share_out() {
    std::uint64_t samples = 0;
    for (const Call& call : trace_.calls) {
      const std::optional<Tensor> input = call.parent == kNone ? first_tensor(trace_, call.in) : std::nullopt;
      if (input) samples += input->shape.empty() ? 1 : static_cast<std::uint64_t>(input->shape.front());
    }
    if (samples < 2) return;
    Count all = 0;
    const auto share = [&](Count& macs) {
      const std::uint64_t before = all.value() / samples;
      all += macs;
      macs = all.value() / samples - before;
    };
    for (Row& row : report_.rows) share(row.macs);
    all = 0;
    for (Step& step : report_.steps) share(step.macs);
  }

  /// What the user said of a call holds for all that ran inside of it.
  void settle_custom_calls() {
    settled_.resize(trace_.calls.size(), false);
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      const Call& call = trace_.calls[i];
      const bool inside = call.parent != kNone && at(settled_, call.parent);
      settled_[i] = inside || call.custom.has_value();
      if (!call.custom || inside) continue;
      Work cost;
      cost[Kind::contraction] = *call.custom;
      charge(at(report_.rows, call.module), static_cast<Id>(i), cost);
    }
  }

  void group_params() {
    params_.resize(trace_.modules.size());
    for (const Param& param : trace_.params) at(params_, param.module).push_back(&param);
  }

  void add_op(const Op& op) {
    if (op.call != kNone && at(settled_, op.call)) return;
    const Id module = op.call == kNone ? 0 : at(trace_.calls, op.call).module;
    const Rule* rule = at(rules_, op.name);
    if (!rule && !Trace::attr(op, "flops")) return add_unknown(op, module);
    if (rule && !rule->formula.computes() && !at(op_rules_, op.name)) return;
    if (rule && rule->formula.reads == Reads::sizes && has_stored(op)) return add_uncounted(trace_.op_name(op), module);
    Row& row = at(report_.rows, module);
    try {
      const Work work = work_of(op, rule ? rule->formula : work::registered);
      row.work += work * times(op.call);
      const ClassRule* class_rule = op.call == kNone ? nullptr : rule_of(at(trace_.calls, op.call));
      if (class_rule) at(own_, op.call) += work;
      if (class_rule && !class_rule->besides && !convention_.ops_at_root) return;
      const OpRule* op_rule = at(op_rules_, op.name);
      const Work cost = op_rule ? cost_of(*op_rule, {trace_, op}, work) : convention_.prices.of(work);
      if (convention_.ops_at_root) {
        at_root_.emplace_back(op.call, cost * times(op.call));
      } else {
        charge(row, op.call, cost);
      }
      if (cost.sum() == 0 && !class_rule) add_missed(op, work, row);
    } catch (const work::NotCounted&) {
      add_uncounted(trace_.op_name(op), module);
    } catch (const Error& error) {
      throw Error(located(row.path, trace_.op_name(op), error));
    } catch (const std::out_of_range&) {
      throw Error(located(row.path, trace_.op_name(op), too_few()));
    }
  }

  Error too_few() const {
    return Error(formatted("its tensors have fewer dimensions than {} reads", convention_.name));
  }

  /// A product that reads no weight is one of activations.
  Work work_of(const Op& op, const Formula& formula) const {
    Work work = formula({trace_, op});
    Count& contraction = work[Kind::contraction];
    if (contraction == 0 || std::ranges::any_of(op.in, [&](Id id) { return id != kNone && at(weights_, id); })) {
      return work;
    }
    work[Kind::attention] += contraction;
    contraction = 0;
    return work;
  }

  void add_missed(const Op& op, const Work& work, const Row& row) {
    if (work.products() == 0) return;
    report_.missed_macs += work.products() * times(op.call);
    add_to(report_.missed, missed_, trace_.op_name(op), row);
  }

  /// Whether a tensor that goes in is sparse or nested.
  bool has_stored(const Op& op) const {
    return std::ranges::any_of(op.in, [&](Id id) { return id != kNone && at(trace_.values, id).stored >= 0; });
  }

  /// Of an operator of a file the rule may be known, but not what sizes it works on.
  void add_unknown(const Op& op, Id module) {
    const bool vague = Trace::attr(op, "unknown_size") != nullptr;
    add_uncounted(trace_.op_name(op) + (vague ? " of unknown size" : ""), module);
  }

  /// Also by the convention of a tool: what it makes of an operator that has no rule is not known.
  void add_uncounted(const std::string& op, Id module) {
    Row& row = at(report_.rows, module);
    row.exact = report_.exact = false;
    add_to(report_.uncounted, uncounted_, op, row);
  }

  using Places = std::map<std::pair<std::string, std::string>, std::size_t>;
  static void add_to(std::vector<Uncounted>& list, Places& places, const std::string& op, const Row& row) {
    const auto [found, added] = places.emplace(std::pair(op, row.path), list.size());
    if (added) list.push_back({op, row.path, 0});
    ++list[found->second].times;
  }

  void add_call(std::size_t index) {
    const Call& call = trace_.calls[index];
    const ClassRule& rule = *rule_of(call);
    if (call.in.empty() || call.out.empty()) return add_without_tensors(index);
    ops_.clear();
    for (Id i = call.first_op; i < call.end_op; ++i) {
      const Op& op = at(trace_.ops, i);
      if (op.call == static_cast<Id>(index)) ops_.push_back({trace_, op});
    }
    Row& row = at(report_.rows, call.module);
    try {
      charge(row, static_cast<Id>(index), cost_of(rule, {trace_, call, own_[index], at(params_, call.module), ops_}));
    } catch (const Error& error) {
      throw Error(located(row.path, row.cls, error));
    } catch (const std::out_of_range&) {
      throw Error(located(row.path, row.cls, too_few()));
    }
  }

  /// A class rule reads the tensors of the call. A subclass that takes or gives none still did what its operators did.
  void add_without_tensors(std::size_t index) {
    const Id module = trace_.calls[index].module;
    charge(at(report_.rows, module), static_cast<Id>(index), convention_.prices.of(own_[index]));
    add_uncounted(at(report_.rows, module).cls + " without tensors", module);
  }

  const Trace& trace_;
  const Convention& convention_;
  Report& report_;
  std::vector<bool> weights_;                      ///< by value: is it a parameter, or made of parameters alone?
  std::vector<const Rule*> rules_;                 ///< by operator name
  std::vector<const OpRule*> op_rules_;            ///< by operator name
  std::vector<const ClassRule*> class_rules_;      ///< by class
  ClassRule leaf_rule_;                            ///< what the convention has for modules without inner ones
  std::vector<bool> leaf_;                         ///< by module: it has no inner ones
  std::vector<Work> own_;                          ///< by call, where a class rule prices it
  std::vector<std::size_t> step_;                  ///< by call: the step that it is part of
  std::vector<std::pair<Id, Work>> at_root_;       ///< costs of operators that no layer shows
  std::vector<std::size_t> last_call_;             ///< by module
  std::vector<bool> settled_;                      ///< by call: the user said what it costs, or a call around it
  std::vector<std::vector<const Param*>> params_;  ///< by module
  std::vector<OpView> ops_;
  Places uncounted_, missed_;  ///< by operator and path of the module
};

}  // namespace

void add_costs(const Trace& trace, const Convention& convention, Report& report) {
  Costs(trace, convention, report).add();
}

}  // namespace thoplw
