// Several models side by side: one table with a row each, or one picture.

#include <algorithm>

#include "render/formats.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// The total of each model, under the name that the user gave it.
std::vector<Row> totals_of(std::span<const NamedReport> models) {
  std::vector<Row> rows;
  for (const auto& [name, report] : models) {
    rows.push_back(total_row(report));
    rows.back().path = name;
  }
  return rows;
}

/// What shares are of: in each column of numbers the greatest.
Row greatest_of(const std::vector<Row>& rows) {
  Row greatest;
  for (const Row& row : rows) {
    greatest.macs = std::max(greatest.macs, row.macs);
    greatest.params = std::max(greatest.params, row.params);
  }
  return greatest;
}

Table lay_out(std::span<const NamedReport> models, const RenderOptions& options) {
  const std::vector<Row> rows = totals_of(models);
  const Row greatest = greatest_of(rows);
  Table table;
  table.rows.resize(rows.size());
  const auto order = order_of(rows, options.sort);
  for (const Column& column : columns()) {
    if (column.name == "output") continue;
    table.titles.emplace_back(column.name == "name" ? "Model" : title(column, models.front().report.unit));
    table.numbers.push_back(column.amount != nullptr);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const Row& row = rows[order[i]];
      table.rows[i].push_back(column.text
                                  ? column.text(row)
                                  : number_text(column.amount(row), column.amount(greatest).value, options.numbers));
    }
  }
  return table;
}

std::vector<std::string> remarks(std::span<const NamedReport> models, const RenderOptions& options) {
  std::vector<std::string> notes;
  if (options.numbers == NumberFormat::ratio) notes.emplace_back("shares are of the greatest in each column");
  for (const auto& [name, report] : models) {
    for (const auto& note : footnotes(report, {})) notes.push_back(name + ": " + note);
  }
  return notes;
}

}  // namespace

bool shows_models(const Renderer& renderer) { return renderer.models || renderer.table; }

std::string render_models(std::span<const NamedReport> models, const Renderer& renderer, const RenderOptions& options) {
  if (renderer.models) return renderer.models(models, options);
  return renderer.table(lay_out(models, options), options.title, remarks(models, options));
}

}  // namespace thoplw
