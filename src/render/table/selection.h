// Which rows are shown: those that a glob matches, and of them the costliest. What is left out is summed.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "render/options.h"
#include "report/report.h"

namespace thoplw {

/// By row: is it shown? A module that a glob matches, by its whole path or its class, is shown with all that is inside
/// it. Throws Error where a glob matches none.
std::vector<bool> shown_rows(const std::vector<Row>& rows, const RenderOptions& options);

/// The modules that have rows, and which of these are shown.
struct ChosenRows {
  const std::vector<Row>& whole;              ///< of the report, which has to outlive this
  std::optional<std::vector<Row>> changed{};  ///< what depth and fold make of them, where that is anything else
  std::vector<bool> shown{};                  ///< by row

  const std::vector<Row>& rows() const { return changed ? *changed : whole; }
};

/// Rolled up to the depth, with equal modules as one where the options say so.
ChosenRows chosen_rows(const Report& report, const RenderOptions& options);

/// The column that rows are sorted by: where only the costliest are shown, these come first.
std::string order_column(const RenderOptions& options);

/// Throws Error where there is no such column to sort by, or the report lacks what it shows.
void require_sort(const Report& report, const RenderOptions& options);

/// Has it a cost or parameters of its own, or any of `measures`?
bool has_own(const Row& row, std::span<const Measure> measures);

/// Is it one of the rows that people count: has it a line in the flat table, or any of `measures`?
bool has_line(const Row& row, std::span<const Measure> measures);

/// The measures that columns and order ask for; without columns those that the report shows by default.
std::vector<Measure> asked_measures(const Report& report, const RenderOptions& options);

/// Rows that are not shown, added up.
struct Others {
  Row row;
  std::size_t many = 0;  ///< modules

  void add(const Row& other);
  bool empty() const { return many == 0; }
  std::string name() const;  ///< "(57 others)"
};

/// Places of the rows of a flat list: of those that are shown, in their order, and of those that are added up.
struct Selection {
  std::vector<std::size_t> shown, others;
};

Selection selection_of(const std::vector<Row>& rows, const RenderOptions& options);
Others added_up(const std::vector<Row>& rows, const std::vector<std::size_t>& places);

/// Visits a row of a list; `parent` is the place in the list of the nearest module around that is in it, too.
using VisitRow = std::function<void(const Row& row, Id parent)>;

/// The rows that are shown, in their order, and at the end one row of the others that have a line.
void for_each_shown(const ChosenRows& chosen, const RenderOptions& options, std::span<const Measure> measures,
                    const VisitRow& visit);

}  // namespace thoplw
