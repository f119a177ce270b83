// The table for a terminal, as the documentation of thoplw shows it.

#include "render/formats.h"
#include "render/table.h"
#include "render/width.h"

namespace thoplw {
namespace {

using Cells = std::vector<std::string>;

std::string line(const Cells& cells, const std::vector<std::size_t>& widths) {
  std::string text;
  for (std::size_t i = 0; i < cells.size(); ++i) text += "| " + pad_right(cells[i], widths[i]) + " ";
  return text + "|\n";
}

std::string rule(const std::vector<std::size_t>& widths) {
  std::string text;
  for (const auto width : widths) text += "+" + std::string(width + 2, '-');
  return text + "+\n";
}

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) {
  return text_table(lay_out(report, options), options.title, footnotes(report, options));
}

std::string text_table(Table table, const std::string& title, const std::vector<std::string>& notes) {
  const auto widths = fit(table, one_line);
  std::string text = title.empty() ? "" : one_line(title) + "\n";
  text += line(table.titles, widths) + rule(widths);
  for (const auto& row : table.rows) text += line(row, widths);
  text += rule(widths);
  for (const auto& row : table.totals) text += line(row, widths);
  if (!notes.empty()) text += "\n";
  for (const auto& note : notes) text += one_line(note) + "\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
