// Verdicts on budgets: a line each for a terminal, a table for pull requests, records for programs.

#include <algorithm>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "base/wide.h"
#include "render/formats.h"
#include "render/json_text.h"
#include "render/table/columns.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

std::string_view name_of(Standing standing) {
  constexpr std::string_view kNames[] = {"ok", "over", "unknown"};
  return kNames[static_cast<std::size_t>(standing)];
}

std::string number(Count value, const Use& use, NumberFormat numbers) {
  return unpadded(number_text({value, true, use.seconds}, use.most, numbers));
}

/// Rounded down, so that 100 % and more is at the limit or above it.
std::string share(Count used, Count most) {
  if (most == 0) return used == 0 ? "all" : "no limit but 0";
  const auto tenths = static_cast<UnsignedWide>(used.value()) * 1000 / most.value();
  return formatted("{:.1f} %", static_cast<double>(tenths) / 10);
}

/// Of a part of what is more than 0, rounded to the nearest.
std::string part_text(Count part, Count whole) {
  return formatted("{:.1f} %", 100 * static_cast<double>(part.value()) / static_cast<double>(whole.value()));
}

std::string since(const Use& use) {
  const std::int64_t change = difference(*use.baseline, use.used);
  const auto base = static_cast<double>(use.baseline->value());
  if (change == 0) return "as the baseline";
  const std::string percent = base > 0 ? formatted(" or {:+.2f} %", 100 * static_cast<double>(change) / base) : "";
  return formatted("{:+}{} since the baseline", change, percent);
}

/// "1824010216 of 2000000000 MACs (91.2 %)".
std::string in_words(const Use& use, NumberFormat numbers) {
  const std::string used = number(use.used, use, numbers);
  std::string text = formatted("{}{} of {} {} ({}", use.exact ? "" : ">=", used, number(use.most, use, numbers),
                               use.what, share(use.used, use.most));
  if (use.baseline) text += ", " + since(use);
  text += ")";
  if (use.standing() == Standing::over) {
    const Count more = use.used - use.most;
    text += use.seconds ? formatted(", {} too long", time_text(more)) : formatted(", {} too many", more.value());
  }
  return text;
}

std::string_view of_rows(const Use& use) { return use.blamed.empty() ? use.what : use.blamed; }

std::string in_words(const Blame& blame, const Use& use, NumberFormat numbers) {
  const std::string amount = number(blame.amount, use, numbers);
  const std::string where = shown_path(blame.path) + " (" + blame.cls + ")";
  if (use.baseline) return formatted("{}: {:+} to {} {}", where, blame.growth, amount, of_rows(use));
  return formatted("{}: {} {}, {} of all", where, amount, of_rows(use), part_text(blame.amount, use.used));
}

std::string heading(const Use& use) { return use.baseline ? "grew most" : "the costliest"; }

constexpr std::string_view kUnknown =
    "not known to be within its budget: what is counted is a lower bound; --strict takes it for over";

std::string lines_of(const Verdict& verdict, NumberFormat numbers) {
  if (!verdict.error.empty()) return formatted("error    {}: {}", verdict.model, verdict.error);
  constexpr std::string_view kWords[] = {"ok", "OVER", "UNKNOWN"};
  std::string text = formatted("{:<8} {}: ", kWords[static_cast<std::size_t>(standing(verdict))], verdict.model);
  for (const Use& use : verdict.uses) text += (&use == verdict.uses.data() ? "" : "; ") + in_words(use, numbers);
  text = harmless(text);
  for (const Use& use : verdict.uses) {
    if (!use.blame.empty()) text += "\n           " + heading(use) + ":";
    for (const Blame& blame : use.blame) text += "\n             " + harmless(in_words(blame, use, numbers));
  }
  if (standing(verdict) == Standing::unknown) text += "\n           " + std::string(kUnknown);
  for (const std::string& note : verdict.notes) text += "\n           " + harmless(note);
  return text;
}

/// A row per limit.
Table table(std::span<const Verdict> verdicts, NumberFormat numbers) {
  Table table{.titles = {"Verdict", "Model", "What", "Remark", "Used", "Limit", "Share"},
              .numbers = {false, false, false, false, true, true, true},
              .rows = {},
              .totals = {}};
  for (const Verdict& verdict : verdicts) {
    if (!verdict.error.empty()) table.rows.push_back({"error", verdict.model, "", verdict.error, "", "", ""});
    for (const Use& use : verdict.uses) {
      table.rows.push_back({std::string(name_of(use.standing())), verdict.model, std::string(use.what),
                            use.baseline ? since(use) : "", (use.exact ? "" : ">=") + number(use.used, use, numbers),
                            number(use.most, use, numbers), share(use.used, use.most)});
    }
  }
  return table;
}

std::vector<std::string> notes_of(std::span<const Verdict> verdicts, NumberFormat numbers) {
  std::vector<std::string> notes;
  for (const Verdict& verdict : verdicts) {
    for (const Use& use : verdict.uses) {
      std::string rows;
      for (const Blame& blame : use.blame) rows += (rows.empty() ? "" : "; ") + in_words(blame, use, numbers);
      if (!rows.empty()) notes.push_back(formatted("{}: {}: {}", verdict.model, heading(use), rows));
    }
    if (standing(verdict) == Standing::unknown) notes.push_back(formatted("{}: {}", verdict.model, kUnknown));
    for (const std::string& note : verdict.notes) notes.push_back(verdict.model + ": " + note);
  }
  return notes;
}

Json use_json(const Use& use) {
  Json json = {{"what", use.what},   {"verdict", name_of(use.standing())}, {"used", use.used.value()},
               {"exact", use.exact}, {"limit", use.most.value()},          {"baseline", nullptr}};
  if (use.baseline) json["baseline"] = use.baseline->value();
  json["blame"] = Json::array();
  for (const Blame& blame : use.blame) {
    Json row = {{"name", blame.path}, {"class", blame.cls}, {"amount", blame.amount.value()}};
    if (!use.blamed.empty()) row["what"] = use.blamed;
    if (use.baseline) row["growth"] = blame.growth;
    json["blame"].push_back(row);
  }
  return json;
}

}  // namespace

std::string verdicts_json(std::span<const Verdict> verdicts, const RenderOptions&) {
  Json json = {{"format", "thoplw check 1"}, {"checks", Json::array()}};
  for (const Verdict& verdict : verdicts) {
    Json check = {{"model", verdict.model}};
    check["verdict"] = verdict.error.empty() ? name_of(standing(verdict)) : "error";
    if (!verdict.error.empty()) check["error"] = verdict.error;
    check["limits"] = Json::array();
    for (const Use& use : verdict.uses) check["limits"].push_back(use_json(use));
    check["notes"] = verdict.notes;
    json["checks"].push_back(check);
  }
  return laid_out_json(json);
}

std::string verdicts_text(std::span<const Verdict> verdicts, const RenderOptions& options) {
  std::string text;
  for (const Verdict& verdict : verdicts) text += (text.empty() ? "" : "\n") + lines_of(verdict, options.numbers);
  return text;
}

std::string verdicts_by(WriteTable* write, std::span<const Verdict> verdicts, const RenderOptions& options) {
  return write(table(verdicts, options.numbers), options, notes_of(verdicts, options.numbers));
}

}  // namespace thoplw
