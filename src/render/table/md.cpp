// A Markdown table as GitHub reads it, aligned so that it can be read as it is too.
#include <cctype>

#include "render/formats.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

using Cells = std::vector<std::string>;

bool in_word(std::string_view text, std::size_t i) {
  const auto alnum = [&](std::size_t j) {
    return j < text.size() && std::isalnum(static_cast<unsigned char>(text[j]));
  };
  return i > 0 && alnum(i - 1) && alnum(i + 1);
}

std::string line(const Table& table, const Cells& cells, const std::vector<std::size_t>& widths) {
  std::string text = "|";
  for (std::size_t i = 0; i < cells.size(); ++i) {
    text += " " + (table.numbers[i] ? pad_left(cells[i], widths[i]) : pad_right(cells[i], widths[i])) + " |";
  }
  return text + "\n";
}

std::string rule(const Table& table, const std::vector<std::size_t>& widths) {
  std::string text = "|";
  for (std::size_t i = 0; i < widths.size(); ++i) {
    const std::string dashes(widths[i] + 1, '-');
    text += table.numbers[i] ? dashes + ":|" : ":" + dashes + "|";
  }
  return text + "\n";
}

}  // namespace

std::string md_text(std::string_view cell) {
  const std::string text = harmless(cell);
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool special = std::string_view("\\`*[<|~&").find(text[i]) != std::string_view::npos;
    if (special || (text[i] == '_' && !in_word(text, i))) out += '\\';
    out += text[i];
  }
  return out;
}

std::string render_md(const Report& report, const RenderOptions& options) {
  return md_table(lay_out(report, options), options, table_notes(report, options));
}

std::string md_table(Table table, const RenderOptions& options, const std::vector<std::string>& notes) {
  const auto widths = fit(table, md_text);
  std::string text = options.title.empty() ? "" : "## " + md_text(options.title) + "\n\n";
  text += line(table, table.titles, widths) + rule(table, widths);
  for (const auto& row : table.rows) text += line(table, row, widths);
  for (const auto& row : table.totals) text += line(table, row, widths);
  for (const auto& note : notes) text += "\n" + md_text(note) + "\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
