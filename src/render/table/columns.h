// The columns of a table, as one table that text, csv, md and tree share.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/options.h"
#include "report/report.h"

namespace thoplw {

/// A text of the row, or an amount, or the share of an amount in its total.
struct Column {
  std::string name;                               ///< what `columns` and `sort` of RenderOptions take: "macs"
  std::string_view title{};                       ///< "Class"; empty: that of the measure
  std::string (*text)(const Row&) = nullptr;      ///< the cell, where there is no measure
  Count (*size)(const Row&) = nullptr;            ///< sorts a text column by size instead of by alphabet
  std::optional<Measure> measure = std::nullopt;  ///< the cell as a number
  bool share = false;                             ///< of `measure` in its total
  std::optional<Measure> per = std::nullopt;      ///< `measure` is divided by this
  bool shown = true;                              ///< by default

  /// Is it an amount, which can be added up?
  bool amount() const { return measure && !per; }
  bool number() const { return measure.has_value() || name == "calls"; }
};

std::span<const Column> columns();

/// Throws Error with "did you mean".
const Column& find_column(std::string_view name);

/// Those that are asked for, or the usual ones of what the report has. Throws Error for what it has not.
std::vector<const Column*> chosen_columns(const Report& report, const RenderOptions& options);

/// The columns that are shown where none are asked for.
std::vector<const Column*> usual_columns(const Report& report, By by);

/// Can the report fill the column?
bool has(const Report& report, const Column& column);

/// Throws Error where the report lacks the measure.
void require(const Report& report, Measure measure);

std::string title(const Column& column, Unit unit);

/// The cell of a row in a table of which `total` is the sum.
std::string cell(const Column& column, const Row& row, const Row& total, NumberFormat numbers);

/// A module's path as people read it: the root's is empty.
std::string shown_path(const std::string& path);

}  // namespace thoplw
