// Holds a report against limits, in whole numbers.
#include "report/budget.h"

#include <algorithm>

#include "base/count.h"
#include "base/formatted.h"
#include "report/diff.h"

namespace thoplw {
namespace {

constexpr std::size_t kMostBlamed = 5;

using Amount = Count Row::*;

/// The costliest rows.
std::vector<Blame> costliest(const Report& report, Amount amount) {
  std::vector<Blame> blame;
  for (const Row& row : report.rows) {
    if (row.*amount > 0) blame.push_back({row.path, row.cls, row.*amount, 0});
  }
  std::ranges::stable_sort(blame, std::ranges::greater(), &Blame::amount);
  if (blame.size() > kMostBlamed) blame.resize(kMostBlamed);
  return blame;
}

/// The rows that grew most.
std::vector<Blame> grown(const Diff& diff, Amount amount) {
  std::vector<Blame> blame;
  for (const RowPair& pair : diff.pairs) {
    const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
    if (!after) continue;
    const std::int64_t growth = difference(before ? before->*amount : Count(0), after->*amount);
    if (growth > 0) blame.push_back({after->path, after->cls, after->*amount, growth});
  }
  std::ranges::stable_sort(blame, std::ranges::greater(), &Blame::growth);
  if (blame.size() > kMostBlamed) blame.resize(kMostBlamed);
  return blame;
}

std::vector<std::string> unknowns(const Report& report) {
  std::vector<std::string> notes;
  for (const Uncounted& uncounted : report.uncounted) {
    notes.push_back(
        formatted("no rule counts {} in {}", uncounted.op, uncounted.path.empty() ? "(root)" : uncounted.path));
  }
  return notes;
}

class Check {
 public:
  Check(const Report& report, const Report* baseline) : report_(report) {
    if (baseline) diff_ = diff(*baseline, report);
  }

  void hold(std::string_view what, Amount amount, Count used, bool exact, const std::optional<Count>& most) {
    if (!most) return;
    Use use{.what = what, .used = used, .exact = exact, .most = *most, .baseline = {}, .blame = {}};
    if (use.standing() == Standing::over) use.blame = costliest(report_, amount);
    uses_.push_back(std::move(use));
  }

  void hold_growth(std::string_view what, Amount amount, Count used, bool exact, Count base, Percent growth) {
    Use use{.what = what, .used = used, .exact = exact, .most = plus(base, growth), .baseline = base, .blame = {}};
    if (use.standing() == Standing::over) use.blame = grown(*diff_, amount);
    uses_.push_back(std::move(use));
  }

  std::vector<Use> uses() && { return std::move(uses_); }

 private:
  const Report& report_;
  std::optional<Diff> diff_;
  std::vector<Use> uses_;
};

}  // namespace

Standing standing(const Verdict& verdict) {
  const auto any = [&](Standing standing) {
    return std::ranges::any_of(verdict.uses, [&](const Use& use) { return use.standing() == standing; });
  };
  return any(Standing::over) ? Standing::over : any(Standing::unknown) ? Standing::unknown : Standing::within;
}

Verdict check(const Report& report, const Budget& budget, const Report* baseline) {
  if (!budget.macs && !budget.params && !baseline) {
    throw Error("there is no budget to check: give --max-macs, --max-params or --baseline");
  }
  const std::string_view macs = report.unit == Unit::flop ? "FLOPs" : "MACs";
  Check check(report, baseline);
  check.hold(macs, &Row::macs, report.macs, report.exact, budget.macs);
  check.hold("params", &Row::params, report.params, true, budget.params);
  if (baseline) {
    check.hold_growth(macs, &Row::macs, report.macs, report.exact, baseline->macs, budget.growth);
    check.hold_growth("params", &Row::params, report.params, true, baseline->params, budget.growth);
  }
  Verdict verdict{.model = "", .error = "", .uses = std::move(check).uses(), .notes = {}};
  if (standing(verdict) != Standing::within && !report.exact) verdict.notes = unknowns(report);
  return verdict;
}

}  // namespace thoplw
