// From a Trace to a Report: operators become work, work gets its price, modules add up.
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cost/class_rules.h"
#include "cost/formulas.h"
#include "report/params.h"
#include "report/report.h"
#include "report/usage.h"

namespace thoplw {
namespace {

decltype(auto) at(auto& items, Id id) { return items[static_cast<std::size_t>(id)]; }

Count priced(const Work& work, const Convention& convention) {
  Count sum = 0;
  for (std::size_t kind = 0; kind < kKinds; ++kind) {
    if (convention.price[kind] != 0) sum += work.by_kind[kind] * convention.price[kind];
  }
  return sum;
}

std::string located(const std::string& path, const std::string& what, const Error& error) {
  return (path.empty() ? "" : path + ": ") + what + ": " + error.what();
}

std::string short_name(const std::string& cls) { return cls.substr(cls.rfind('.') + 1); }

/// Adds the cost of every call to the row of its module.
class Costs {
 public:
  Costs(const Trace& trace, const Convention& convention, Report& report)
      : trace_(trace), convention_(convention), report_(report) {
    for (const std::string& name : trace.op_names) rules_.push_back(find_rule(name));
    for (const Class& cls : trace.classes) class_rules_.push_back(find_class_rule(convention.class_rules, cls));
    own_.resize(trace.calls.size());
    settle_custom_calls();
    group_params();
  }

  void add() {
    for (const Op& op : trace_.ops) add_op(op);
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      if (!settled_[i] && rule_of(trace_.calls[i])) add_call(i);
    }
  }

 private:
  const ClassRule* rule_of(const Call& call) const { return at(class_rules_, at(trace_.modules, call.module).cls); }

  /// What the user said of a call holds for all that ran inside of it.
  void settle_custom_calls() {
    settled_.resize(trace_.calls.size(), false);
    for (std::size_t i = 0; i < trace_.calls.size(); ++i) {
      const Call& call = trace_.calls[i];
      const bool inside = call.parent != kNone && at(settled_, call.parent);
      settled_[i] = inside || call.custom.has_value();
      if (call.custom && !inside) at(report_.rows, call.module).macs += *call.custom;
    }
  }

  void group_params() {
    params_.resize(trace_.modules.size());
    if (convention_.class_rules.empty()) return;
    for (const Param& param : trace_.params) at(params_, param.module).push_back(&param);
  }

  void add_op(const Op& op) {
    if (op.call != kNone && at(settled_, op.call)) return;
    const Id module = op.call == kNone ? 0 : at(trace_.calls, op.call).module;
    const Rule* rule = at(rules_, op.name);
    if (!rule) return add_uncounted(trace_.op_name(op), module);
    if (rule->work == work::nothing) return;
    Row& row = at(report_.rows, module);
    try {
      const Work work = rule->work({trace_, op});
      row.work += work;
      if (op.call != kNone && rule_of(at(trace_.calls, op.call))) {
        at(own_, op.call) += work;
      } else {
        row.macs += priced(work, convention_);
      }
    } catch (const Error& error) {
      throw Error(located(row.path, trace_.op_name(op), error));
    }
  }

  void add_uncounted(const std::string& op, Id module) {
    Row& row = at(report_.rows, module);
    row.exact = report_.exact = false;
    const auto [found, added] = uncounted_.emplace(std::pair(op, module), report_.uncounted.size());
    if (added) report_.uncounted.push_back({op, row.path, 0});
    ++report_.uncounted[found->second].times;
  }

  void add_call(std::size_t index) {
    const Call& call = trace_.calls[index];
    const ClassRule& rule = *rule_of(call);
    if (call.in.empty() || call.out.empty()) return add_without_tensors(call, own_[index]);
    ops_.clear();
    for (Id i = call.first_op; i < call.end_op; ++i) {
      const Op& op = at(trace_.ops, i);
      if (op.call == static_cast<Id>(index)) ops_.push_back({trace_, op});
    }
    Row& row = at(report_.rows, call.module);
    try {
      row.macs += rule.cost({trace_, call, own_[index], at(params_, call.module), ops_});
    } catch (const Error& error) {
      throw Error(located(row.path, row.cls, error));
    }
  }

  /// A class rule reads the tensors of the call. A subclass that takes or gives none still did what its operators did.
  void add_without_tensors(const Call& call, const Work& own) {
    at(report_.rows, call.module).macs += priced(own, convention_);
    add_uncounted(at(report_.rows, call.module).cls + " without tensors", call.module);
  }

  const Trace& trace_;
  const Convention& convention_;
  Report& report_;
  std::vector<const Rule*> rules_;                 ///< by operator name
  std::vector<const ClassRule*> class_rules_;      ///< by class
  std::vector<Work> own_;                          ///< by call, where a class rule prices it
  std::vector<bool> settled_;                      ///< by call: the user said what it costs, or a call around it
  std::vector<std::vector<const Param*>> params_;  ///< by module
  std::vector<OpView> ops_;
  std::map<std::pair<std::string, Id>, std::size_t> uncounted_;  ///< by operator and module
};

std::optional<Tensor> first_tensor(const Trace& trace, const std::vector<Id>& ids) {
  for (Id id : ids) {
    if (id != kNone) return at(trace.values, id);
  }
  return std::nullopt;
}

void make_rows(const Trace& trace, const Usage& usage, std::vector<Row>& rows) {
  std::vector<std::string> names;
  for (const Class& cls : trace.classes) names.push_back(short_name(cls.name));
  rows.resize(trace.modules.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Module& module = trace.modules[i];
    Row& row = rows[i];
    row.path = module.path;
    row.cls = at(names, module.cls);
    row.parent = module.parent;
    row.depth = module.parent == kNone ? 0 : at(rows, module.parent).depth + 1;
    row.calls = usage.calls[i];
    if (usage.first_call[i] == kNone) continue;
    const Call& call = at(trace.calls, usage.first_call[i]);
    row.in = first_tensor(trace, call.in);
    row.out = first_tensor(trace, call.out);
  }
}

// Modules stand behind the module that they are in, so the last are added up first.
void add_up(Report& report) {
  for (Row& row : report.rows) {
    row.subtree_macs = row.macs;
    row.subtree_params = row.params;
    report.macs += row.macs;
    report.params += row.params;
  }
  for (std::size_t i = report.rows.size(); i-- > 1;) {
    Row& around = at(report.rows, report.rows[i].parent);
    around.subtree_macs += report.rows[i].subtree_macs;
    around.subtree_params += report.rows[i].subtree_params;
  }
}

/// Leaves that ran, and whatever adds to a total.
void choose_listed(std::vector<Row>& rows) {
  std::vector<bool> leaf(rows.size(), true);
  for (const Row& row : rows) {
    if (row.parent != kNone) leaf[static_cast<std::size_t>(row.parent)] = false;
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].listed = (leaf[i] && rows[i].calls > 0) || rows[i].macs != 0 || rows[i].params != 0 || !rows[i].exact;
  }
}

/// Reports walk modules from the root on, each behind the one that it is in.
void require_module_order(const Trace& trace) {
  if (trace.modules.empty()) throw Error("the trace has no module; its first is the root, with an empty path");
  for (std::size_t i = 0; i < trace.modules.size(); ++i) {
    const Id parent = trace.modules[i].parent;
    if (i == 0 ? parent != kNone : parent < 0 || parent >= static_cast<Id>(i)) {
      throw Error("module '" + trace.modules[i].path + "' stands before the one that it is in; sort them");
    }
  }
}

}  // namespace

Report count(const Trace& trace, const Convention& convention) {
  require_module_order(trace);
  Report report;
  report.model = trace.model;
  report.convention = convention.name;
  report.unit = convention.unit;
  report.notes = trace.notes;
  const Usage usage = find_usage(trace);
  make_rows(trace, usage, report.rows);
  Costs(trace, convention, report).add();
  count_params(trace, convention.params, usage, report);
  add_up(report);
  choose_listed(report.rows);
  report.not_run = unused_modules(trace, usage);
  return report;
}

}  // namespace thoplw
