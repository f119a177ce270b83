// A Report laid out: rolled up to a depth, sorted, as cells of text. What the renderers share.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "render/numbers.h"
#include "render/options.h"
#include "render/table/columns.h"

namespace thoplw {

/// The rows of modules up to `depth`; deeper ones are added to that of their ancestor there.
std::vector<Row> rolled_up(const std::vector<Row>& rows, int depth);

/// The report with rows rolled up to `depth`; -1: as it is.
Report roll_up(const Report& report, int depth);

/// For a stable sort by the column of that name: numbers descending, text ascending; "": leaves the order as it is.
std::function<bool(const Row&, const Row&)> ordering(std::string_view column);

/// Places of the rows, sorted so.
std::vector<std::size_t> order_of(const std::vector<Row>& rows, std::string_view column);

/// Rolled up, narrowed to what is wanted and sorted: the lines of the flat table.
void for_each_line(const Report& report, const RenderOptions& options, const std::function<void(const Row&)>& visit);

Row total_row(const Report& report);

struct Table {
  using Cells = std::vector<std::string>;
  Cells titles;
  std::vector<bool> numbers;  ///< by column: does it hold numbers?
  std::vector<Cells> rows;
  std::vector<Cells> totals;                  ///< what stands below the rows
  bool whole_names = false;                   ///< are they never shortened on a narrow screen, as one types them?
  std::vector<std::string_view> first_out{};  ///< titles of columns that give way on a narrow screen before others
};

/// One cell per column; cells are as the model names them, not made safe for any format.
Table lay_out(const Report& report, const RenderOptions& options);

/// Makes each cell safe by `safe`; the width in terminal cells that each column then needs.
std::vector<std::size_t> fit(Table& table, std::string (*safe)(std::string_view));

/// What must be said below a table: operators not counted, modules that never ran. Empty for an ordinary model.
std::vector<std::string> footnotes(const Report& report, const RenderOptions& options);

/// What a narrow screen has no room for, and where it is.
std::string left_out_text(const Table::Cells& titles);

/// Before them, of equal modules that are one row, what each costs.
std::vector<std::string> table_notes(const Report& report, const RenderOptions& options);

}  // namespace thoplw
