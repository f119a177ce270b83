// The table of renderers, and how one is found by name or file suffix.
#include <algorithm>
#include <array>
#include <functional>
#include <vector>

#include "base/error.h"
#include "base/suggest.h"
#include "render/formats.h"
#include "render/render.h"
#include "render/table/selection.h"
#include "report/grouped.h"

namespace thoplw {
namespace {

/// A format that writes tables has every kind of record; its report may be more than a table.
template <WriteTable* write>
constexpr Renderer tabular(Renderer row) {
  row.models = [](auto models, const auto& options) { return models_by(write, models, options); };
  row.comparison = [](const auto& comparison, const auto& options) {
    return comparison_by(write, comparison, options);
  };
  row.diff = [](const auto& diff, const auto& options, bool all) { return diff_by(write, diff, options, all); };
  row.verdicts = [](auto verdicts, const auto& options) { return verdicts_by(write, verdicts, options); };
  return row;
}

constexpr Renderer csv() {
  Renderer row = tabular<csv_table>({.name = "csv",
                                     .doc = "comma-separated values (RFC 4180)",
                                     .suffixes = ".csv",
                                     .audience = Audience::programs,
                                     .report = render_csv});
  row.diff = [](const auto& diff, const auto& options, bool all) {
    return diff_records_by(csv_table, diff, options, all);
  };
  row.several = false;  // a file has one table
  return row;
}

constexpr Renderer md() {
  Renderer row =
      tabular<md_table>({.name = "md", .doc = "Markdown table", .suffixes = ".md .markdown", .report = render_md});
  row.folds = true;
  row.diff = diff_md;
  return row;
}

constexpr Renderer text() {
  Renderer row = tabular<text_table>(
      {.name = "text", .doc = "table for a terminal", .suffixes = ".txt .text", .report = render_text});
  row.folds = true;
  row.verdicts = verdicts_text;
  return row;
}

constexpr std::array kRenderers = {
    csv(),
    Renderer{.name = "dot",
             .doc = "graph of modules for Graphviz",
             .suffixes = ".dot .gv",
             .report = render_dot,
             .numbers = false,
             .columns = false},
    Renderer{.name = "folded",
             .doc = "stacks of modules for flame graph viewers",
             .suffixes = ".folded",
             .audience = Audience::programs,
             .report = render_folded,
             .numbers = false,
             .columns = false,
             .between = "\n"},
    tabular<html_table>({.name = "html",
                         .doc = "page to look at: a map of the modules, a table that opens, sorts and searches",
                         .suffixes = ".html .htm",
                         .report = render_html,
                         .folds = true,
                         .between = "\n",
                         .opens = "<main>\n",
                         .closes = "\n</main>"}),
    Renderer{.name = "json",
             .doc = "the whole report for programs",
             .suffixes = ".json",
             .audience = Audience::programs,
             .report = render_json,
             .comparison = comparison_json,
             .diff = diff_json,
             .verdicts = verdicts_json,
             .before = "[\n",
             .between = ",\n",
             .after = "\n]"},
    md(),
    Renderer{.name = "mermaid",
             .doc = "graph of modules for Markdown pages",
             .suffixes = ".mmd .mermaid",
             .report = render_mermaid,
             .numbers = false,
             .columns = false,
             .several = false},
    Renderer{.name = "svg",
             .doc = "picture of the modules: areas are MACs, or parameters with --sort params; of several models, "
                    "MACs against parameters",
             .suffixes = ".svg",
             .report = render_svg,
             .models = scatter_svg,
             .numbers = false,
             .columns = false,
             .several = false},
    text(),
    Renderer{.name = "tree",
             .doc = "tree of modules, each with all that is inside it",
             .suffixes = ".tree",
             .report = render_tree,
             .folds = true},
};
static_assert(std::ranges::adjacent_find(kRenderers, std::ranges::greater_equal{}, &Renderer::name) ==
              kRenderers.end());

/// Does `words`, separated by spaces, hold `word`?
bool holds(std::string_view words, std::string_view word) {
  while (!words.empty()) {
    const auto end = words.find(' ');
    if (words.substr(0, end) == word) return true;
    words.remove_prefix(end == std::string_view::npos ? words.size() : end + 1);
  }
  return false;
}

/// Are rows of operators to tell what they move?
bool about_moves(const Report& report, const RenderOptions& options) {
  const auto moved = moved_measures();
  return std::ranges::any_of(asked_measures(report, options),
                             [&](Measure measure) { return std::ranges::find(moved, measure) != moved.end(); });
}

/// Where the record says which rows and columns there are.
void refuse_choice(const RenderOptions& options, const std::string& why) {
  if (!options.columns.empty() || options.by != By::module) throw Error(why + ": leave --columns and --by out");
}

void refuse_fold(const Renderer& renderer, const RenderOptions& options) {
  if (options.by != By::module) throw Error("only rows of modules are folded: leave --fold or --by out");
  if (renderer.folds) return;
  std::string kinds;
  for (const Renderer& row : kRenderers) {
    if (row.folds) kinds += (kinds.empty() ? "" : ", ") + std::string(row.name);
  }
  throw Error(std::string(renderer.name) + " has every module in full; equal ones are one row in " + kinds);
}

}  // namespace

std::span<const Renderer> renderers() { return kRenderers; }

const Renderer& find_renderer(std::string_view name) { return find_named(kRenderers, "kind", name); }

std::string render_report(const Report& report, const Renderer& renderer, const RenderOptions& options) {
  if (options.fold.value_or(false)) refuse_fold(renderer, options);
  if (options.by == By::module) return renderer.report(report, options);
  return renderer.report(options.by == By::cls ? by_class(report) : by_operator(report, about_moves(report, options)),
                         options);
}

std::string render_models(std::span<const NamedReport> models, const Renderer& renderer, const RenderOptions& options) {
  if (!renderer.models) throw Error("several models cannot be shown in one " + std::string(renderer.name));
  return renderer.models(models, options);
}

std::string render_comparison(const Comparison& comparison, const Renderer& renderer, const RenderOptions& options) {
  if (!renderer.comparison) throw Error("a comparison cannot be shown as " + std::string(renderer.name));
  refuse_choice(options, "a comparison has a row per module and a column per convention");
  return renderer.comparison(comparison, options);
}

std::string render_diff(const Diff& diff, const Renderer& renderer, const RenderOptions& options, bool all) {
  if (!renderer.diff) throw Error("a diff cannot be shown as " + std::string(renderer.name));
  if (options.by != By::module) throw Error("a diff has a row per module: leave --by out");
  return renderer.diff(diff, options, all);
}

std::string render_verdicts(std::span<const Verdict> verdicts, const Renderer& renderer, const RenderOptions& options) {
  if (!renderer.verdicts) throw Error("a check cannot be shown as " + std::string(renderer.name));
  refuse_choice(options, "a check has a row per limit");
  return renderer.verdicts(verdicts, options);
}

PageParts parts_of(std::string_view text, const Renderer& renderer) {
  const auto from = renderer.opens.empty() ? std::string_view::npos : text.find(renderer.opens);
  const auto to = renderer.closes.empty() ? std::string_view::npos : text.rfind(renderer.closes);
  if (from == std::string_view::npos || to == std::string_view::npos) return {"", text, ""};
  const auto body = from + renderer.opens.size();
  return {text.substr(0, body), text.substr(body, to - body), text.substr(to)};
}

const Renderer& renderer_for_path(std::string_view path) {
  const auto file = path.substr(path.find_last_of("/\\") + 1);
  const auto dot = file.rfind('.');
  const auto suffix = dot == std::string_view::npos ? "" : file.substr(dot);
  std::string known;
  for (const auto& renderer : kRenderers) {
    if (!suffix.empty() && holds(renderer.suffixes, suffix)) return renderer;
    known += " " + std::string(renderer.suffixes);
  }
  throw Error("the name '" + std::string(path) + "' does not tell the format: give a kind, or one of the suffixes" +
              known);
}

}  // namespace thoplw
