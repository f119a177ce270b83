// Adds rows up by the name of their class, and makes rows of operators.
#include "report/grouped.h"

#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/error.h"

namespace thoplw {
namespace {

/// The report without its modules; groups are added one by one.
class Groups {
 public:
  explicit Groups(const Report& of) : report_(of) {
    Row root;
    root.cls = of.model;
    root.inside = of.total;
    if (!of.rows.empty()) {
      root.in = of.rows.front().in;
      root.out = of.rows.front().out;
    }
    report_.rows.assign(1, root);
  }

  /// The row of that name, which is made where there is none.
  Row& group(const std::string& name) {
    const auto [place, fresh] = places_.try_emplace(name, report_.rows.size());
    if (fresh) {
      Row& row = report_.rows.emplace_back();
      row.path = name;
      row.parent = 0;
      row.depth = 1;
      row.listed = true;
    }
    return report_.rows[place->second];
  }

  /// Moments are of groups, where `group_of` has those of rows.
  void move_moments(const std::vector<Id>& group_of) {
    const auto move = [&](Moment& moment) { moment.row = group_of.empty() ? 0 : at(group_of, moment.row); };
    const auto move_all = [&](MemoryOverTime& memory) {
      move(memory.peak_moment);
      for (Moment& moment : memory.timeline) move(moment);
    };
    if (report_.training) move_all(*report_.training);
    if (report_.inference) move_all(*report_.inference);
  }

  Id place(const std::string& name) const { return static_cast<Id>(places_.at(name)); }

  Report done(const MeasureSet& known) && {
    report_.known = known;
    for (Row& row : report_.rows) {
      row.known = known;
      if (row.parent == kNone) continue;
      row.inside = row.own;
      report_.rows.front().calls = added_calls(report_.rows.front().calls, row.calls);
    }
    return std::move(report_);
  }

 private:
  Report report_;
  std::unordered_map<std::string, std::size_t> places_;
};

}  // namespace

Report by_class(const Report& report) {
  Groups groups(report);
  std::vector<Id> group_of(report.rows.size(), 0);
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row& row = report.rows[i];
    if (!row.listed && !row.has_own()) continue;
    Row& group = groups.group(row.cls);
    group_of[i] = groups.place(row.cls);
    group.cls = row.cls;
    group.add(row);
    group.calls = added_calls(group.calls, row.calls);
  }
  groups.move_moments(group_of);
  return std::move(groups).done(report.known);
}

namespace {

/// An operator that computes something has its calls already.
void add_moves(const OpMoves& op, Groups& groups) {
  Row& row = groups.group(op.name);
  if (row.calls == 0) row.calls = added_calls(0, op.calls);
  row.own += op.own;
}

}  // namespace

const std::vector<OpCost>& operators_of(const Report& report) {
  if (report.ops.empty() && report.total[Measure::macs] > 0) {
    throw Error("the report of " + report.model +
                " does not know its operators: it was saved without them; count the model itself");
  }
  return report.ops;
}

Report by_operator(const Report& report, bool moved) {
  Groups groups(report);
  for (const OpCost& op : operators_of(report)) {
    Row& row = groups.group(op.name);
    row.calls = added_calls(row.calls, op.calls);
    row.work += op.work;
    row.cost += op.cost;
    row.own[Measure::macs] += op.macs;
    row.exact = row.exact && op.exact;
  }
  groups.move_moments({});
  MeasureSet known;
  known.set(static_cast<std::size_t>(Measure::macs));
  if (moved) {
    for (const OpMoves& op : report.moves) add_moves(op, groups);
    for (const Measure measure : moved_measures()) {
      known.set(static_cast<std::size_t>(measure), report.has(measure));
    }
  }
  return std::move(groups).done(known);
}

}  // namespace thoplw
