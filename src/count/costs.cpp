// Walks the calls and operators of a trace: operators become work, work gets its price, class rules speak before.
#include "count/costs.h"

#include <algorithm>
#include <array>
#include <map>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "conventions/class_rules.h"
#include "conventions/rule_costs.h"
#include "count/live_ops.h"
#include "count/op_work.h"
#include "count/per_sample.h"
#include "operators/rule.h"
#include "operators/work/formulas.h"

namespace thoplw {
namespace {

/// Adds the cost of every call to the row of its module.
class Costs {
 public:
  Costs(const Trace& trace, const Convention& convention, const Usage& usage, Report& report)
      : trace_(trace),
        convention_(convention),
        usage_(usage),
        report_(report),
        weights_(made_of_weights(trace)),
        class_rules_(class_rules_of(trace, convention)) {
    for (const std::string& name : trace.op_names) {
      rules_.push_back(find_rule(name));
      op_rules_.push_back(find_op_rule(convention, name));
    }
    own_.resize(trace.calls.size());
    heaviest_.resize(trace.calls.size());
    op_rows_.resize(trace.op_names.size(), kNoRow);
    find_steps();
    settle_custom_calls();
    group_params();
  }

  void add() {
    const std::vector<bool> live =
        convention_.only_live ? live_ops(trace_) : std::vector<bool>(trace_.ops.size(), true);
    for (std::size_t i = 0; i < live.size(); ++i) {
      if (live[i]) add_op(trace_.ops[i]);
    }
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      if (!settled_[i] && rule_of(trace_.calls[i]) && !runs_again(i)) add_call(i);
    }
    if (convention_.per_sample) share_among_samples(trace_, report_);
    for (const auto& [charge, op, cost] : unshared_) credit(row_of_op(op->name), add_cost(charge, op->call, cost));
  }

 private:
  /// The operator of a call that does the most work.
  struct Leader {
    Id name = kNone;
    Count work;

    void take(Id op, Count of_op) {
      if (name == kNone || of_op > work) *this = {op, of_op};
    }
  };
  struct Heaviest {
    Leader any;
    std::array<Leader, kKinds> of_kind{};
    bool stand_in = false;  ///< the call has been counted for one
  };

  const ClassRule* rule_of(const Call& call) const { return at(class_rules_, call.module); }

  /// Where only a module's last call counts: is there a later one?
  bool runs_again(std::size_t call) const {
    return convention_.last_call && at(usage_.last_call, trace_.calls[call].module) != static_cast<Id>(call);
  }

  void find_steps() {
    for (const Call& call : trace_.calls) {
      step_.push_back(call.parent == kNone ? report_.steps.size() : at(step_, call.parent));
      if (call.parent != kNone) continue;
      report_.steps.push_back({at(trace_.modules, call.module).path, first_tensor(trace_, call.in), 0});
    }
  }

  Count times(Id call) const { return call == kNone ? Count(1) : at(trace_.calls, call).times; }

  Id module_of(Id call) const { return call == kNone ? 0 : at(trace_.calls, call).module; }

  /// Of what a call does itself; kNone where an operator ran outside of all modules.
  Charge charge_of(Id call) const {
    const Id module = module_of(call);
    const Count places = at(trace_.modules, module).places;
    return {.module = module, .times = convention_.in_places ? convention_.in_places(places) : Count(1)};
  }

  /// Adds what one run of the call costs to the row of its module, for each time that it runs; that sum.
  Work add_cost(const Charge& charge, Id call, const Work& once) {
    const Work cost = once * times(call) * charge.times;
    const Count macs = cost.sum();
    Row& row = at(report_.rows, charge.module);
    row.cost += cost;
    row.own[Measure::macs] += macs;
    if (call != kNone) report_.steps[at(step_, call)].macs += macs;
    return cost;
  }

  void credit(std::size_t op, const Work& cost) {
    report_.ops[op].cost += cost;
    report_.ops[op].macs += cost.sum();
  }

  /// The place of an operator's row, which is made where there is none.
  std::size_t row_of_op(Id name) {
    std::size_t& place = at(op_rows_, name);
    if (place == kNoRow) place = row_of_op(at(trace_.op_names, name));
    return place;
  }

  std::size_t row_of_op(const std::string& name) {
    const auto [place, fresh] = op_places_.try_emplace(name, report_.ops.size());
    if (fresh) report_.ops.push_back({.name = name, .calls = 0, .work = {}, .cost = {}, .macs = 0, .exact = true});
    return place->second;
  }

  /// What is said of a module's call as a whole is said, kind by kind, of its operator that does the most work of that
  /// kind, or else of any.
  void credit_call(std::size_t call, const Work& cost) {
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (cost.by_kind[kind] == 0) continue;
      const Heaviest& all = heaviest_[call];
      const Id op = all.of_kind[kind].name != kNone ? all.of_kind[kind].name : all.any.name;
      credit(op != kNone ? row_of_op(op) : stand_in(call), only(static_cast<Kind>(kind), cost.by_kind[kind]));
    }
  }

  /// "(Conv2d)", where no operator did any work.
  std::size_t stand_in(std::size_t call) {
    const std::size_t row = row_of_op("(" + at(report_.rows, trace_.calls[call].module).cls + ")");
    if (std::exchange(heaviest_[call].stand_in, true)) return row;
    report_.ops[row].calls += trace_.calls[call].times;
    return row;
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
      credit_call(i, add_cost(charge_of(static_cast<Id>(i)), static_cast<Id>(i), cost));
    }
  }

  void group_params() {
    params_.resize(trace_.modules.size());
    for (const Param& param : trace_.params) at(params_, param.module).push_back(&param);
  }

  void add_op(const Op& op) {
    if (op.call != kNone && at(settled_, op.call)) return;
    const Id module = module_of(op.call);
    const Rule* rule = at(rules_, op.name);
    if (!rule && !Trace::attr(op, "flops")) return add_unknown(op, module);
    if (rule && !rule->formula.computes() && !at(op_rules_, op.name)) return;
    if (rule && rule->formula.reads == Reads::sizes && has_stored(op)) return add_uncounted(trace_.op_name(op), module);
    Row& row = at(report_.rows, module);
    try {
      const Work work = work_of(trace_, op, rule ? rule->formula : work::registered, weights_);
      row.work += work * times(op.call);
      add_op_work(op, work);
      const ClassRule* class_rule = op.call == kNone ? nullptr : rule_of(at(trace_.calls, op.call));
      if (class_rule) {
        at(own_, op.call) += work;
        add_leaders(op, work);
      }
      if (class_rule && !class_rule->besides) return;
      const OpRule* op_rule = at(op_rules_, op.name);
      const Work cost = op_rule ? cost_of(*op_rule, {trace_, op}, work) : convention_.prices.of(work);
      add_op_cost(op, cost);
      if (cost.sum() == 0 && !class_rule) add_missed(op, work, row);
    } catch (const work::NotCounted&) {
      add_uncounted(trace_.op_name(op), module);
    } catch (const Error& error) {
      throw Error(located(row.path, trace_.op_name(op), error));
    } catch (const std::out_of_range&) {
      throw Error(located(row.path, trace_.op_name(op), too_few()));
    }
  }

  void add_op_work(const Op& op, const Work& work) {
    OpCost& all = report_.ops[row_of_op(op.name)];
    all.calls += times(op.call);
    all.work += work * times(op.call);
  }

  /// Of a call whose class has a rule: which operators that is said of.
  void add_leaders(const Op& op, const Work& work) {
    Heaviest& heaviest = at(heaviest_, op.call);
    heaviest.any.take(op.name, work.sum());
    for (std::size_t kind = 0; kind < kKinds; ++kind) {
      if (work.by_kind[kind] > 0) heaviest.of_kind[kind].take(op.name, work.by_kind[kind]);
    }
  }

  void add_op_cost(const Op& op, const Work& cost) {
    Charge charge = charge_of(op.call);
    if (convention_.op_charge) convention_.op_charge(charge);
    if (charge.per_sample) {
      credit(row_of_op(op.name), add_cost(charge, op.call, cost));
    } else {
      unshared_.emplace_back(charge, &op, cost);
    }
  }

  Error too_few() const {
    return Error(formatted("its tensors have fewer dimensions than the rules of {} read", convention_.name));
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
    OpCost& all = report_.ops[row_of_op(op)];
    all.calls += 1;
    all.exact = false;
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
      const Work cost = cost_of(rule, {trace_, call, own_[index], at(params_, call.module), ops_});
      credit_call(index, add_cost(charge_of(static_cast<Id>(index)), static_cast<Id>(index), cost));
    } catch (const Error& error) {
      throw Error(located(row.path, row.cls, error));
    } catch (const std::out_of_range&) {
      throw Error(located(row.path, row.cls, too_few()));
    }
  }

  /// A class rule reads the tensors of the call. A subclass that takes or gives none still did what its operators did.
  void add_without_tensors(std::size_t index) {
    const Id module = trace_.calls[index].module;
    const Work own = convention_.prices.of(own_[index]);
    credit_call(index, add_cost(charge_of(static_cast<Id>(index)), static_cast<Id>(index), own));
    add_uncounted(at(report_.rows, module).cls + " without tensors", module);
  }

  const Trace& trace_;
  const Convention& convention_;
  const Usage& usage_;
  Report& report_;
  std::vector<bool> weights_;                  ///< by value: is it a parameter, or made of parameters alone?
  std::vector<const Rule*> rules_;             ///< by operator name
  std::vector<const OpRule*> op_rules_;        ///< by operator name
  std::vector<const ClassRule*> class_rules_;  ///< by module
  std::vector<Work> own_;                      ///< by call, where a class rule prices it
  static constexpr std::size_t kNoRow = static_cast<std::size_t>(-1);
  std::vector<std::size_t> op_rows_;                           ///< by operator name: its row in the report
  std::vector<Heaviest> heaviest_;                             ///< by call: its own operators that do the most work
  std::map<std::string, std::size_t> op_places_;               ///< the same, of what is no operator name, too
  std::vector<std::size_t> step_;                              ///< by call: the step that it is part of
  std::vector<std::tuple<Charge, const Op*, Work>> unshared_;  ///< of operators, not shared among samples
  std::vector<bool> settled_;                      ///< by call: the user said what it costs, or a call around it
  std::vector<std::vector<const Param*>> params_;  ///< by module
  std::vector<OpView> ops_;
  Places uncounted_, missed_;  ///< by operator and path of the module
};

}  // namespace

void add_costs(const Trace& trace, const Convention& convention, const Usage& usage, Report& report) {
  Costs(trace, convention, usage, report).add();
}

}  // namespace thoplw
