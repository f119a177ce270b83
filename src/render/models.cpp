// Several models side by side: one table with a row each, or one picture.

#include <algorithm>

#include "render/formats.h"
#include "render/table/columns.h"
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
    for (const Measure measure : all_measures()) {
      greatest.own[measure] = std::max(greatest.own[measure], row.own[measure]);
    }
  }
  return greatest;
}

/// Models have a size that goes in; what comes out says little of them.
std::vector<const Column*> columns_of(std::span<const NamedReport> models, const RenderOptions& options) {
  for (const NamedReport& model : models) chosen_columns(model.report, options);  // throws where one lacks a measure
  std::vector<const Column*> chosen = chosen_columns(models.front().report, options);
  if (options.columns.empty()) std::erase(chosen, &find_column("output"));
  return chosen;
}

Table lay_out(std::span<const NamedReport> models, const RenderOptions& options) {
  const std::vector<Row> rows = totals_of(models);
  const Row greatest = greatest_of(rows);
  Table table;
  table.rows.resize(rows.size());
  const auto order = order_of(rows, options.sort);
  for (const Column* column : columns_of(models, options)) {
    table.titles.push_back(column->name == "name" ? "Model" : title(*column, models.front().report.unit));
    table.numbers.push_back(column->number());
    for (std::size_t i = 0; i < rows.size(); ++i) {
      table.rows[i].push_back(cell(*column, rows[order[i]], greatest, options.numbers));
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

std::string models_by(WriteTable* write, std::span<const NamedReport> models, const RenderOptions& options) {
  return write(lay_out(models, options), options, remarks(models, options));
}

}  // namespace thoplw
