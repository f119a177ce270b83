// Renderers: one format, one file, one row. They see only the Report.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "count/compare.h"
#include "report/budget.h"
#include "report/diff.h"
#include "report/report.h"

namespace thoplw {

struct Table;

enum class NumberFormat : std::uint8_t { raw, clever, ratio };

struct NumberFormatName {
  std::string_view name;  ///< "raw"
  NumberFormat format;
  std::string_view doc;
};

/// What the text is shown on.
struct Screen {
  int columns = 0;     ///< how wide it is; 0: no terminal, so any width
  int lines = 0;       ///< how high it is; 0: not known
  bool color = false;  ///< does it want colours?
};

struct RenderOptions {
  NumberFormat numbers = NumberFormat::raw;
  int depth = -1;                     ///< roll deeper modules up into this depth; -1: no limit
  std::string sort{};                 ///< column to sort by, numbers descending; empty: model order
  std::string title{};                ///< heading, where several reports are shown; empty: none
  std::size_t top = 0;                ///< so many of the costliest rows, all else as one; 0: all
  std::vector<std::string> filter{};  ///< globs of paths or classes, all else as one row; empty: all
  Screen screen{};
};

/// A report of several, by what the user calls the model.
struct NamedReport {
  std::string name;
  Report report;
};

/// The text that a renderer gives does not end in a newline.
struct Renderer {
  std::string_view name;  ///< "text"
  std::string_view doc;
  std::string_view suffixes;  ///< file suffixes that choose it, parted by a space: ".txt .text"
  std::string (*render)(const Report&, const RenderOptions&);
  /// Writes any table; null where the format is for one report only.
  std::string (*table)(Table table, const std::string& title, const std::vector<std::string>& notes) = nullptr;
  bool numbers = true;           ///< prints numbers as RenderOptions says
  bool several = true;           ///< texts of several reports can stand in one output
  std::string_view before = "";  ///< around and between several reports in one output
  std::string_view between = "\n\n";
  std::string_view after = "";
  /// Where each text is a whole page: what it has up to `opens` and from `closes` on stands once in one output.
  std::string_view opens = "", closes = "";
  /// Several models in one picture; null where `table` shows them in one table, or each is shown for itself.
  std::string (*models)(std::span<const NamedReport> models, const RenderOptions& options) = nullptr;
};

std::span<const Renderer> renderers();
std::span<const NumberFormatName> number_formats();

/// Throws Error with "did you mean".
const Renderer& find_renderer(std::string_view name);
const Renderer& renderer_for_path(std::string_view path);
NumberFormat find_number_format(std::string_view name);

/// A text as Renderer::opens and closes part it; where there are none all of it is body.
struct PageParts {
  std::string_view head, body, tail;
};
PageParts parts_of(std::string_view text, const Renderer& renderer);

/// One column per convention, one row per layer; below them totals, parameters and the parts of each difference.
/// Throws Error where the kind cannot show it.
std::string render_comparison(const Comparison& comparison, const Renderer& renderer, const RenderOptions& options);

/// Is there one text for several models?
bool shows_models(const Renderer& renderer);

/// Several models in one table, a row each, or in one picture; shares are of the greatest. Of a kind that shows_models.
std::string render_models(std::span<const NamedReport> models, const Renderer& renderer, const RenderOptions& options);

/// A row per module that changed, below them what the others add up to and the totals; `all`: a row per module.
/// `options.title` says what is compared. Throws Error where the kind cannot show it.
std::string render_diff(const Diff& diff, const Renderer& renderer, const RenderOptions& options, bool all = false);

/// Whether models keep to their budgets, and the rows to blame where one does not.
/// Throws Error where the kind cannot show it.
std::string render_verdicts(const std::vector<Verdict>& verdicts, const Renderer& renderer,
                            const RenderOptions& options);

/// 1824010216 with "%.3f" -> "1.824 G". Throws Error where `format` is no printf format of one real number.
std::string clever_format(Count value, const std::string& format = "%6.2f");

}  // namespace thoplw
