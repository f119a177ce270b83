// From a Trace to a Report: rows by module, their costs and parameters, added up, with notes.
#include "count/count.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "base/harmless.h"
#include "count/active_params.h"
#include "count/costs.h"
#include "count/held.h"
#include "count/params.h"
#include "count/traffic.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

std::string short_name(const std::string& cls) { return cls.substr(cls.rfind('.') + 1); }

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

/// A loop over the model, such as generate(): the first pass reads the prompt (prefill), the others add to it (decode).
void note_steps(Report& report) {
  Count first = 0, others = 0;
  int passes = 0;
  for (const Step& step : report.steps) {
    if (!step.path.empty()) continue;
    (passes++ == 0 ? first : others) += step.macs;
  }
  if (passes < 2) return;
  report.notes.push_back(formatted("the model ran {} times: {} {}s the first time, {} in the other {}", passes,
                                   first.value(), name(report.unit), others.value(), passes - 1));
}

/// Products for which another tool has no rule, the most frequent operators first.
void note_missed(const Convention& convention, Report& report) {
  if (report.missed.empty()) return;
  std::map<std::string, int> times;
  for (const Uncounted& missed : report.missed) times[missed.op] += missed.times;
  std::vector<std::pair<std::string, int>> ops(times.begin(), times.end());
  std::ranges::stable_sort(ops, std::greater(), &std::pair<std::string, int>::second);
  std::string names;
  for (const auto& [op, often] : ops) names += formatted("{}{} ({}x)", names.empty() ? "" : ", ", op, often);
  report.notes.push_back(formatted("{} has no rule for {} multiply-adds, and leaves them out: {}", convention.name,
                                   report.missed_macs.value(), names));
}

void note_active(const Active& params, Report& report) {
  report.active_params = params.active;
  if (params.active == params.all) return;
  report.notes.push_back(
      formatted("{} of {} parameters are active per token; a router chooses the others for other tokens",
                params.active.value(), params.all.value()));
}

/// Leaves that ran, and whatever adds to a total.
void choose_listed(const Trace& trace, std::vector<Row>& rows) {
  const std::vector<bool> leaf = leaves(trace);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    rows[i].listed = (leaf[i] && rows[i].calls > 0) || rows[i].has_own();
  }
}

/// Reports walk modules from the root on, each after the one that it is in.
void require_module_order(const Trace& trace) {
  if (trace.modules.empty()) throw Error("the trace has no modules; the first must be the root, with an empty path");
  for (std::size_t i = 0; i < trace.modules.size(); ++i) {
    const Id parent = trace.modules[i].parent;
    if (i == 0 ? parent != kNone : parent < 0 || parent >= static_cast<Id>(i)) {
      throw Error("module '" + trace.modules[i].path +
                  "' is listed before the module that it is in; list modules after those that they are in");
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
  add_costs(trace, convention, usage, report);
  count_params(trace, convention, usage, report);
  count_held(trace, report);
  count_traffic(trace, report);
  note_active(active_params(trace, usage), report);
  add_up(report);
  note_steps(report);
  note_missed(convention, report);
  choose_listed(trace, report.rows);
  report.not_run = unused_modules(trace, usage);
  for (std::string& note : report.notes) note = harmless_message(note);
  return report;
}

}  // namespace thoplw
