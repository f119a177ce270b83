// The table for a terminal, as the documentation of thoplw shows it; never wider than the terminal where names and
// columns can give way.

#include <algorithm>
#include <functional>
#include <numeric>
#include <span>

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

constexpr std::size_t kBorders = 4, kBetween = 3;  ///< cells around a line, and for each column more

/// Leaves out columns until names have so many cells; their titles are added to `dropped`.
void make_room(Table& table, std::size_t columns, std::size_t least, const std::vector<std::size_t>& giving_way,
               Cells& dropped) {
  const auto widths = fit(table, harmless);
  auto out = left_out(widths, kBetween, least, columns - std::min(columns, kBorders), giving_way);
  for (const std::size_t column : out) dropped.push_back(table.titles[column]);
  std::ranges::sort(out, std::greater{});
  for (const std::size_t column : out) drop_column(table, column);
}

/// Shortens names, and leaves columns out where that is not enough: first those that can be done without for a name
/// that can be read, then numbers after the first, as none is cut. The titles of those left out.
Cells fit_screen(Table& table, std::size_t columns) {
  constexpr std::size_t kAll = 1000;                                                               // of a number
  const std::size_t readable = table.numbers[0] ? kAll : 14, least = table.numbers[0] ? kAll : 8;  // cells of a name
  Cells dropped;
  std::vector<std::size_t> giving_way;
  for (const std::string_view name : {"input", "output", "class"}) {
    const auto column = std::ranges::find(table.titles, find_column(name).title);
    if (column > table.titles.begin() && column != table.titles.end()) {
      giving_way.push_back(static_cast<std::size_t>(column - table.titles.begin()));
    }
  }
  make_room(table, columns, readable, giving_way, dropped);
  giving_way.resize(table.titles.size() - std::min<std::size_t>(table.titles.size(), 2));
  std::iota(giving_way.begin(), giving_way.end(), std::size_t{2});
  make_room(table, columns, least, giving_way, dropped);

  std::size_t others = kBorders;
  const auto widths = fit(table, harmless);
  for (const std::size_t width : std::span(widths).subspan(1)) others += width + kBetween;
  const std::size_t room = std::max(columns - std::min(columns, others), least);
  for_each_line(table, [&](Cells& cells) { cells[0] = shortened_path(cells[0], room); });
  return dropped;
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
  auto notes = table_notes(report, options);
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
