// The table for a terminal, as the documentation of thoplw shows it; never wider than the terminal where names and
// columns can give way.

#include <algorithm>
#include <array>

#include "base/formatted.h"
#include "render/formats.h"
#include "render/table/table.h"
#include "render/table/width.h"

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

template <typename Change>
void for_each_line(Table& table, Change change) {
  change(table.titles);
  for (auto& row : table.rows) change(row);
  for (auto& row : table.totals) change(row);
}

void drop_column(Table& table, std::size_t at) {
  const auto place = static_cast<std::ptrdiff_t>(at);
  for_each_line(table, [&](Cells& cells) { cells.erase(cells.begin() + place); });
  table.numbers.erase(table.numbers.begin() + place);
}

/// Shortens names, and leaves columns out where that is not enough; those left out.
std::vector<std::string> fit_screen(Table& table, std::size_t columns) {
  constexpr std::size_t kReadable = 14, kLeast = 8;  // cells of a name
  constexpr std::array<std::string_view, 3> kGiveWay = {"input", "output", "class"};
  std::vector<std::string> dropped;
  auto give_way = kGiveWay.begin();
  while (true) {
    const auto widths = fit(table, harmless);
    std::size_t others = 4;  // of the name's own borders
    for (std::size_t i = 1; i < widths.size(); ++i) others += widths[i] + 3;
    const std::size_t room = columns > others ? columns - others : 0;
    if (room >= std::min(widths[0], kReadable) || give_way == kGiveWay.end()) {
      for_each_line(table, [&](Cells& cells) { cells[0] = shortened(cells[0], std::max(room, kLeast)); });
      return dropped;
    }
    const auto column = std::ranges::find(table.titles, find_column(*give_way++).title);
    if (column == table.titles.end()) continue;
    dropped.push_back(*column);
    drop_column(table, static_cast<std::size_t>(column - table.titles.begin()));
  }
}

/// With the titles once more below rows that fill the screen.
std::string text_of(Table table, const std::string& title, const std::vector<std::string>& notes, int lines) {
  const auto widths = fit(table, harmless);
  std::string text = title.empty() ? "" : harmless(title) + "\n";
  const std::string head = line(table.titles, widths);
  text += head + rule(widths);
  for (const auto& row : table.rows) text += line(row, widths);
  text += rule(widths);
  if (lines > 0 && table.rows.size() + 4 > static_cast<std::size_t>(lines)) text += head + rule(widths);
  for (const auto& row : table.totals) text += line(row, widths);
  if (!notes.empty()) text += "\n";
  for (const auto& note : notes) text += harmless(note) + "\n";
  text.pop_back();
  return text;
}

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) {
  Table table = lay_out(report, options);
  auto notes = footnotes(report, options);
  if (options.screen.columns > 0) {
    const auto dropped = fit_screen(table, static_cast<std::size_t>(options.screen.columns));
    if (!dropped.empty()) {
      notes.push_back(
          formatted("not shown for want of room: {}; see all with -o FILE or in a pipe", fmt::join(dropped, ", ")));
    }
  }
  return text_of(std::move(table), options.title, notes, options.screen.lines);
}

std::string text_table(Table table, const std::string& title, const std::vector<std::string>& notes) {
  return text_of(std::move(table), title, notes, 0);
}

}  // namespace thoplw
