// Holds a report against limits, in whole numbers.
#include "report/budget.h"

#include <algorithm>

#include "base/count.h"
#include "base/formatted.h"
#include "report/diff.h"

namespace thoplw {
namespace {

constexpr std::size_t kMostBlamed = 5;

/// The costliest rows.
std::vector<Blame> costliest(const Report& report, Measure measure) {
  std::vector<Blame> blame;
  for (const Row& row : report.rows) {
    if (row.own[measure] > 0) blame.push_back({row.path, row.cls, row.own[measure], 0});
  }
  std::ranges::stable_sort(blame, std::ranges::greater(), &Blame::amount);
  if (blame.size() > kMostBlamed) blame.resize(kMostBlamed);
  return blame;
}

/// The rows that grew most.
std::vector<Blame> grown(const Diff& diff, Measure measure) {
  std::vector<Blame> blame;
  for (const RowPair& pair : diff.pairs) {
    const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
    if (!after) continue;
    const Count amount = after->own[measure];
    const std::int64_t growth = difference(before ? before->own[measure] : Count(0), amount);
    if (growth > 0) blame.push_back({after->path, after->cls, amount, growth});
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

  void hold(Measure measure, Count most) {
    Use use = use_of(measure, most);
    if (use.standing() == Standing::over) use.blame = costliest(report_, measure);
    uses_.push_back(std::move(use));
  }

  void hold_memory(Count most) {
    Use use = memory(most);
    if (use.standing() == Standing::over) use.blame = costliest(report_, of_rows());
    uses_.push_back(std::move(use));
  }

  void hold_growth(Measure measure, Count base, Percent growth) {
    Use use = use_of(measure, plus(base, growth));
    use.baseline = base;
    if (use.standing() == Standing::over) use.blame = grown(*diff_, measure);
    uses_.push_back(std::move(use));
  }

  void hold_growth_of_memory(Count base, Percent growth) {
    Use use = memory(plus(base, growth));
    use.baseline = base;
    if (use.standing() == Standing::over) use.blame = grown(*diff_, of_rows());
    uses_.push_back(std::move(use));
  }

  std::vector<Use> uses() && { return std::move(uses_); }

 private:
  Use use_of(Measure measure, Count most) const {
    const Amount amount = report_.amount(measure);
    const bool of_step = report_.training && measure == Measure::macs;
    const std::string_view what =
        report_.unit == Unit::mac ? "MACs of a step of training" : "FLOPs of a step of training";
    return {.what = of_step ? what : words(measure, report_.unit),
            .blamed = "",
            .used = amount.value,
            .exact = amount.exact,
            .seconds = amount.seconds,
            .most = most,
            .baseline = {},
            .blame = {}};
  }

  /// What of the peak is known by row.
  Measure of_rows() const { return report_.training ? Measure::saved : Measure::alive; }

  Use memory(Count most) const {
    const MemoryOverTime& memory = *report_.memory();
    return {.what = report_.training ? "bytes of memory in a step of training" : "bytes of memory in a forward",
            .blamed = words(of_rows(), report_.unit),
            .used = memory.peak,
            .exact = memory.exact,
            .seconds = false,
            .most = most,
            .baseline = {},
            .blame = {}};
  }

  const Report& report_;
  std::optional<Diff> diff_;
  std::vector<Use> uses_;
};

/// Limits are of what the report has. Throws Error for another.
void require_known(const Report& report, const Limits& limits) {
  if (limits.memory && !(report.training && report.memory())) {
    throw Error(
        "the report has no memory of a training step to hold against --max-memory: check the model itself, or a trace "
        "that was captured for training");
  }
  if (limits.inference_memory && !(report.inference && report.memory())) {
    throw Error(
        "the report has no memory of a forward to hold against --max-inference-memory: check the model itself, or a "
        "report that `thoplw memory` saved");
  }
  for (const Measure measure : all_measures()) {
    if (!limits[measure] || report.has(measure)) continue;
    if (row_of(measure).seconds) {
      throw Error(
          formatted("--max-{} is of a device, and the report is of none: name one, such as --device h100, and check "
                    "the model itself",
                    row_of(measure).name));
    }
    throw Error(formatted("the report has no {} to hold against --max-{}: count the model itself",
                          words(measure, report.unit), row_of(measure).name));
  }
}

}  // namespace

bool Limits::any() const {
  return memory || inference_memory ||
         std::ranges::any_of(most, [](const std::optional<Count>& limit) { return limit.has_value(); });
}

bool Limits::any_of(Question question) const {
  if (question == Question::training && memory) return true;
  if (question == Question::memory && inference_memory) return true;
  return std::ranges::any_of(all_measures(), [&](Measure measure) {
    return row_of(measure).asked == question && (*this)[measure].has_value();
  });
}

Standing standing(const Verdict& verdict) {
  const auto any = [&](Standing standing) {
    return std::ranges::any_of(verdict.uses, [&](const Use& use) { return use.standing() == standing; });
  };
  return any(Standing::over) ? Standing::over : any(Standing::unknown) ? Standing::unknown : Standing::within;
}

Verdict check(const Report& report, const Budget& budget, const Report* baseline) {
  if (!budget.limits.any() && !baseline) {
    throw Error("there is no budget to check: give --max-macs, --max-params, --max-memory or --baseline");
  }
  require_known(report, budget.limits);
  Check check(report, baseline);
  for (const Measure measure : all_measures()) {
    if (budget.limits[measure]) check.hold(measure, *budget.limits[measure]);
  }
  for (const std::optional<Count>& most : {budget.limits.memory, budget.limits.inference_memory}) {
    if (most) check.hold_memory(*most);
  }
  if (baseline) {
    for (const Measure measure : shown_measures()) check.hold_growth(measure, baseline->total[measure], budget.growth);
    if (report.memory() && baseline->memory()) check.hold_growth_of_memory(baseline->memory()->peak, budget.growth);
  }
  Verdict verdict{.model = "", .error = "", .uses = std::move(check).uses(), .notes = {}};
  if (standing(verdict) != Standing::within && !report.exact) verdict.notes = unknowns(report);
  return verdict;
}

}  // namespace thoplw
