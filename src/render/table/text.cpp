// The table for a terminal, as the documentation of thoplw shows it; never wider than the terminal where names and
// columns can give way.

#include <algorithm>
#include <numeric>
#include <optional>

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
void change_lines(Table& table, Change change) {
  change(table.titles);
  for (auto& row : table.rows) change(row);
  for (auto& row : table.totals) change(row);
}

void drop_column(Table& table, std::size_t at) {
  const auto place = static_cast<std::ptrdiff_t>(at);
  change_lines(table, [&](Cells& cells) { cells.erase(cells.begin() + place); });
  table.numbers.erase(table.numbers.begin() + place);
}

constexpr std::size_t kBorders = 4, kBetween = 3;  ///< cells around a line, and for each column more

/// The place of the column that says what a row is; none where all are numbers.
std::optional<std::size_t> name_column(const Table& table) {
  auto place = std::ranges::find(table.titles, "Name") - table.titles.begin();
  if (place == std::ssize(table.titles)) place = std::ranges::find(table.numbers, false) - table.numbers.begin();
  if (place == std::ssize(table.titles)) return std::nullopt;
  return static_cast<std::size_t>(place);
}

/// What can be done without, if there is any of it.
std::vector<std::size_t> first_out(const Table& table) {
  std::vector<std::string_view> titles = table.first_out;
  for (const std::string_view name : {"input", "output", "class"}) titles.push_back(find_column(name).title);
  std::vector<std::size_t> places;
  for (const std::string_view title : titles) {
    const auto place = std::ranges::find(table.titles, title) - table.titles.begin();
    if (place < std::ssize(table.titles)) places.push_back(static_cast<std::size_t>(place));
  }
  return places;
}

/// All columns but the first two, from the last on; the name is one of the two wherever it stands.
std::vector<std::size_t> all_but_first(const Table& table) {
  const std::size_t kept = name_column(table).value_or(0) == 0 ? 1 : 0;
  std::vector<std::size_t> places;
  for (std::size_t place = table.titles.size(); place-- > 0;) {
    if (place != kept) places.push_back(place);
  }
  return places;
}

/// "Change of Params" where several columns are called "Change", each behind what it is of.
std::string full_title(const Table& table, std::size_t place) {
  const auto several = [&](std::size_t at) { return std::ranges::count(table.titles, table.titles[at]) > 1; };
  std::size_t whole = place;
  while (whole > 0 && several(whole)) --whole;
  return whole == place ? table.titles[place] : formatted("{} of {}", table.titles[place], table.titles[whole]);
}

/// Leaves out columns until names have so many cells; the titles of those left out.
Cells make_room(Table& table, std::size_t columns, std::size_t least, std::vector<std::size_t> giving_way) {
  auto widths = fit(table, harmless);
  const auto name = name_column(table);
  if (name && !table.whole_names) widths[*name] = std::min(widths[*name], least);
  std::erase(giving_way, name.value_or(0));
  auto out = left_out(widths, kBetween, columns - std::min(columns, kBorders), giving_way);
  std::ranges::sort(out);
  Cells dropped;
  for (const std::size_t place : out) dropped.push_back(full_title(table, place));
  std::ranges::reverse(out);
  for (const std::size_t place : out) drop_column(table, place);
  return dropped;
}

/// Shortens names, and leaves columns out where that is not enough: first those that can be done without for a name
/// that can be read, then numbers after the first, from the last on, as none is cut. The titles of those left out.
Cells fit_screen(Table& table, std::size_t columns) {
  constexpr std::size_t kReadable = 14, kLeast = 8;  // cells of a name
  Cells dropped = make_room(table, columns, kReadable, first_out(table));
  const auto before = name_column(table);
  std::size_t label = kLeast;
  for (const Cells& cells : table.totals)
    label = std::clamp(display_width(cells[before.value_or(0)]), label, kReadable);
  for (std::string& title : make_room(table, columns, label, all_but_first(table))) dropped.push_back(std::move(title));

  const auto name = name_column(table);
  if (!name || table.whole_names) return dropped;
  const auto widths = fit(table, harmless);
  const std::size_t others =
      std::accumulate(widths.begin(), widths.end(), kBorders) - widths[*name] + kBetween * (widths.size() - 1);
  const std::size_t room = std::max(columns - std::min(columns, others), kLeast);
  change_lines(table, [&](Cells& cells) { cells[*name] = shortened_path(cells[*name], room); });
  return dropped;
}

}  // namespace

std::string left_out_text(const Table::Cells& titles) {
  return formatted("not shown for want of room: {}; see all with -o FILE or in a pipe", fmt::join(titles, ", "));
}

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
  if (!dropped.empty()) text += left_out_text(dropped) + "\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
