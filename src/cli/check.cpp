// `thoplw check`: models against budgets, of the command line or of a project's pyproject.toml.

#include <algorithm>

#include "base/file_bytes.h"
#include "base/formatted.h"
#include "base/path.h"
#include "cli/commands.h"
#include "cli/input.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

constexpr const char* kProject = "pyproject.toml";

Report open_baseline(Session& session, const std::string& baseline, const std::string& model) {
  std::error_code ignored;
  if (is_saved_report(baseline) && !std::filesystem::exists(to_path(baseline), ignored)) {
    throw Error(formatted("the baseline {} does not exist; write it: thoplw {} -o {}", baseline, model, baseline));
  }
  return session.open_side(baseline, model);
}

/// One model against its budget, as the session's options say.
Verdict check_model(Session& session, const std::string& model) {
  const BudgetEntry& entry = session.options.budget;
  const Budget budget{entry.limits, entry.tolerance.value_or(Percent{})};
  std::optional<Report> baseline;
  if (!entry.baseline.empty()) baseline = open_baseline(session, entry.baseline, model);
  const Report report = baseline ? session.open_side(model, entry.baseline) : session.open_report(model);
  Verdict verdict = check(report, budget, baseline ? &*baseline : nullptr);
  if (baseline && !baseline->exact) {
    verdict.notes.push_back("the baseline is a lower bound: growth is that of what was counted");
  }
  return verdict;
}

/// The options as if the entry's were given on the command line; those that are go first.
Options options_of(const Options& given, const BudgetEntry& entry) {
  Options options = given;
  options.budget = entry;
  options.models = {entry.model};
  options.settings = entry.settings;
  options.load.dims = entry.dims;
  options.strict = given.strict || entry.strict;
  if (entry.batch != 0) options.sizes.batch = entry.batch;
  if (!entry.optimizer.empty()) options.plan.step.optimizer = entry.optimizer;
  if (!entry.precision.empty()) options.plan.precision = entry.precision;
  const bool of_pass = entry.batch != 0 || !entry.precision.empty();
  options.question = question_of(entry.limits, !entry.optimizer.empty(), of_pass || options.step_flags);
  options.step_flags |= of_pass || !entry.optimizer.empty();
  const auto quoted = [](const Quotation& quotation, auto read) {
    try {
      return read(quotation.text);
    } catch (const Error& error) {
      throw Error(quotation.where + ": " + error.what());
    }
  };
  for (const Quotation& input : entry.inputs) {
    options.inputs.push_back(quoted(input, [](const std::string& text) { return parse_input(text); }));
  }
  if (entry.convention && !given.convention_given) {
    options.convention = quoted(*entry.convention, [](const std::string& text) { return open_convention(text); });
    options.convention_given = true;
  }
  return options;
}

/// What becomes of one model; what is wrong with it stops no other.
template <class Check>
Verdict verdict_of(Session& session, const std::string& model, Check check) {
  Verdict verdict;
  bool strict = session.options.strict;
  try {
    verdict = check(strict);
  } catch (const Error& error) {
    verdict.error = error.what();
    session.fail(model, error);
  }
  verdict.model = model;
  const Standing found = standing(verdict);
  if (found == Standing::over || (found == Standing::unknown && strict)) {
    session.code = std::max(session.code, kOverBudget);
  }
  return verdict;
}

std::vector<BudgetEntry> project_budgets(const std::string& file) {
  std::error_code ignored;
  if (file.empty() && !std::filesystem::exists(kProject, ignored)) {
    throw Error(
        "there is nothing to check: name a MODEL with --max-macs, --max-params, --max-memory, --max-inference-memory "
        "or "
        "--baseline, or write budgets into a pyproject.toml here (docs/budgets.md)");
  }
  const std::string path = file.empty() ? kProject : file;
  return read_budgets(path, FileBytes(path).all());
}

void refuse_limits(const Options& options) {
  const BudgetEntry& budget = options.budget;
  const bool limits = budget.limits.any() || budget.tolerance || !budget.baseline.empty();
  if (limits || !options.inputs.empty() || !options.settings.empty() || !options.load.dims.empty()) {
    throw Error("limits, --input, --set and --dim go with a MODEL; those of a project are in its pyproject.toml");
  }
  if (!options.trace_file.empty()) throw Error("--save-trace takes one MODEL");
}

std::vector<Verdict> check_project(Session& session) {
  refuse_limits(session.options);
  std::vector<Verdict> verdicts;
  const std::vector<BudgetEntry> entries = project_budgets(session.options.config);
  session.several = entries.size() > 1;
  for (const BudgetEntry& entry : entries) {
    verdicts.push_back(verdict_of(session, entry.model, [&](bool& strict) {
      if (!entry.error.empty()) throw Error(entry.error);
      const Options options = options_of(session.options, entry);
      strict = options.strict;
      Session one{options, session.open, session.elsewhere, session.terminal, session.out};
      return check_model(one, entry.model);
    }));
  }
  return verdicts;
}

std::vector<Verdict> check_models(Session& session) {
  const Options& options = session.options;
  if (!options.config.empty()) throw Error("--config is for a check without a MODEL");
  if (options.budget.tolerance && options.budget.baseline.empty()) throw Error("--tolerance goes with --baseline");
  if (options.models.size() > 1 && !options.budget.baseline.empty()) throw Error("--baseline takes one MODEL");
  std::vector<Verdict> verdicts;
  session.several = options.models.size() > 1;
  for (std::size_t i = 0; i < options.models.size(); ++i) {
    session.show_progress(i, i);
    verdicts.push_back(
        verdict_of(session, options.models[i], [&](bool&) { return check_model(session, options.models[i]); }));
    session.clear_progress();
  }
  return verdicts;
}

}  // namespace

void check_budgets(Session& session) {
  const Options& options = session.options;
  const std::vector<Verdict> verdicts = options.models.empty() ? check_project(session) : check_models(session);
  session.several = false;
  const bool all_failed = std::ranges::all_of(verdicts, [](const Verdict& verdict) { return !verdict.error.empty(); });
  if (all_failed && verdicts.size() == 1) return;  // said on stderr
  session.show(render_verdicts(verdicts, *options.renderer, session.render_options("")));
}

}  // namespace thoplw::cli
