// The table for a terminal, as the documentation of thoplw shows it; never wider than the terminal where names and
// columns can give way.

#include <algorithm>
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
  std::ranges::sort(out);
  for (const std::size_t column : out) dropped.push_back(table.titles[column]);
  std::ranges::reverse(out);
  for (const std::size_t column : out) drop_column(table, column);
}

/// Shortens names, and leaves columns out where that is not enough: first those that can be done without for a name
/// that can be read, then numbers after the first, from the last on, as none is cut. The titles of those left out.
Cells fit_screen(Table& table, std::size_t columns) {
  const std::size_t readable = table.numbers[0] ? 1000 : 14, least = std::min<std::size_t>(readable, 8);  // of a name
  std::size_t label = least;
  for (const Cells& cells : table.totals) label = std::clamp(display_width(cells[0]), label, readable);
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
  std::iota(giving_way.rbegin(), giving_way.rend(), std::size_t{2});
  make_room(table, columns, label, giving_way, dropped);

  std::size_t others = kBorders;
  const auto widths = fit(table, harmless);
  for (const std::size_t width : std::span(widths).subspan(1)) others += width + kBetween;
  const std::size_t room = std::max(columns - std::min(columns, others), least);
  for_each_line(table, [&](Cells& cells) { cells[0] = shortened_path(cells[0], room); });
  return dropped;
}

}  // namespace

std::string render_text(const Report& report, const RenderOptions& options) {
  return text_table(lay_out(report, options), options, table_notes(report, options));
}

/// With the titles once more below rows that fill the screen.
std::string text_table(Table table, const RenderOptions& options, const std::vector<std::string>& notes) {
  const Screen& screen = options.screen;
  const Cells dropped = screen.columns > 0 ? fit_screen(table, static_cast<std::size_t>(screen.columns)) : Cells{};
  const auto widths = fit(table, harmless);
  std::string text = options.title.empty() ? "" : harmless(options.title) + "\n";
  const std::string head = line(table.titles, widths);
  text += head + rule(widths);
  for (const auto& row : table.rows) text += line(row, widths);
  text += rule(widths);
  if (screen.lines > 0 && table.rows.size() + 4 > static_cast<std::size_t>(screen.lines)) text += head + rule(widths);
  for (const auto& row : table.totals) text += line(row, widths);
  if (!notes.empty() || !dropped.empty()) text += "\n";
  for (const auto& note : notes) text += harmless(note) + "\n";
  if (!dropped.empty()) {
    text += formatted("not shown for want of room: {}; see all with -o FILE or in a pipe\n", fmt::join(dropped, ", "));
  }
  text.pop_back();
  return text;
}

}  // namespace thoplw
