// Comma-separated values as RFC 4180 quotes them, with a line feed at the end of a record. Texts that a spreadsheet
// would take for formulas begin with an apostrophe.
#include "base/harmless.h"
#include "render/formats.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// Spreadsheets run a cell that begins so.
bool is_formula(std::string_view cell) {
  return cell.size() > 1 && std::string_view("=+-@").find(cell.front()) != std::string_view::npos;
}

std::string field(std::string_view text, bool number = false) {
  const std::string cell = (!number && is_formula(text) ? "'" : "") + harmless(text);
  if (cell.find_first_of(",\"") == std::string_view::npos) return cell;
  std::string quoted = "\"";
  for (const char c : cell) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
  return quoted + "\"";
}

std::string record(const Table& table, const std::vector<std::string>& cells) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    if (i > 0) text += ",";
    text += table.numbers[i] ? field(unpadded(cells[i]), &cells != &table.titles) : field(cells[i]);
  }
  return text;
}

}  // namespace

std::string render_csv(const Report& report, const RenderOptions& options) {
  RenderOptions for_programs = options;
  if (options.numbers == NumberFormat::raw) for_programs.numbers = NumberFormat::digits;
  return csv_table(lay_out(report, for_programs), options, {});
}

// Notes are for people: they have no place in records.
std::string csv_table(Table table, const RenderOptions& options, const std::vector<std::string>&) {
  std::string text = options.title.empty() ? "" : field(options.title) + "\n";
  text += record(table, table.titles);
  for (const auto& row : table.rows) text += "\n" + record(table, row);
  for (const auto& row : table.totals) text += "\n" + record(table, row);
  return text;
}

}  // namespace thoplw
