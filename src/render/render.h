// Renderers: one format, one file, one row. They see only the records.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "count/compare.h"
#include "render/numbers.h"
#include "render/options.h"
#include "report/budget.h"
#include "report/diff.h"
#include "report/report.h"

namespace thoplw {

/// A report of several, by what the user calls the model.
struct NamedReport {
  std::string name;
  Report report;
};

/// Who reads what a renderer writes: people get what matters, programs get every field under a name of its own.
enum class Audience : std::uint8_t { people, programs };

/// How each kind of record is written; null where the format cannot show it. No text ends in a newline.
struct Renderer {
  std::string_view name;  ///< "text"
  std::string_view doc;
  std::string_view suffixes;  ///< file suffixes that choose it, separated by a space: ".txt .text"
  Audience audience = Audience::people;
  std::string (*report)(const Report&, const RenderOptions&);
  std::string (*models)(std::span<const NamedReport>, const RenderOptions&) = nullptr;  ///< several in one text
  std::string (*comparison)(const Comparison&, const RenderOptions&) = nullptr;
  std::string (*diff)(const Diff&, const RenderOptions&, bool all) = nullptr;
  std::string (*verdicts)(std::span<const Verdict>, const RenderOptions&) = nullptr;
  bool numbers = true;           ///< prints numbers as RenderOptions says
  bool columns = true;           ///< of one report, shows the columns that RenderOptions names, or all
  bool folds = false;            ///< can show equal modules as one row
  bool several = true;           ///< texts of several reports can stand in one output
  std::string_view before = "";  ///< around and between several reports in one output
  std::string_view between = "\n\n";
  std::string_view after = "";
  /// Where each text is a whole page: what it has up to `opens` and from `closes` on stands once in one output.
  std::string_view opens = "", closes = "";
};

std::span<const Renderer> renderers();

/// Throws Error with "did you mean".
const Renderer& find_renderer(std::string_view name);
const Renderer& renderer_for_path(std::string_view path);

/// A text as Renderer::opens and closes part it; where there are none all of it is body.
struct PageParts {
  std::string_view head, body, tail;
};
PageParts parts_of(std::string_view text, const Renderer& renderer);

/// By module, class or operator, as the options say.
std::string render_report(const Report& report, const Renderer& renderer, const RenderOptions& options);

/// One column per convention, one row per layer; below them totals, parameters and the parts of each difference.
/// Throws Error where the format cannot show it.
std::string render_comparison(const Comparison& comparison, const Renderer& renderer, const RenderOptions& options);

/// Several models in one table, a row each, or in one picture; shares are of the greatest. Of a format that has
/// Renderer::models.
std::string render_models(std::span<const NamedReport> models, const Renderer& renderer, const RenderOptions& options);

/// A row per module that changed, below them what the others add up to and the totals; `all`: a row per module.
/// `options.title` says what is compared. Throws Error where the format cannot show it.
std::string render_diff(const Diff& diff, const Renderer& renderer, const RenderOptions& options, bool all = false);

/// Whether models keep to their budgets, and the rows to blame where one does not. Throws Error where the format cannot
/// show it.
std::string render_verdicts(std::span<const Verdict> verdicts, const Renderer& renderer, const RenderOptions& options);

}  // namespace thoplw
