// Rolls a Report up, sorts it and turns it into cells.
#include "render/table/table.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <string_view>
#include <unordered_map>

#include "base/formatted.h"
#include "render/fold.h"
#include "render/memory_lines.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "render/table/width.h"
#include "render/time_lines.h"
#include "render/training_lines.h"

namespace thoplw {
namespace {

/// The first few of the names; how many more there are.
std::string some_of(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 8;
  const auto shown = std::min(names.size(), kShown);
  std::string text =
      formatted("{}", fmt::join(names.begin(), names.begin() + static_cast<std::ptrdiff_t>(shown), ", "));
  if (names.size() > shown) text += formatted(" and {} more", names.size() - shown);
  return text;
}

}  // namespace

std::vector<Row> rolled_up(const std::vector<Row>& rows, int depth) {
  std::vector<Row> rolled;
  std::vector<Id> now_at;  // by row: its place, or that of its ancestor, in `rolled`
  for (const Row& row : rows) {
    const Id parent = row.parent == kNone ? kNone : now_at.at(static_cast<std::size_t>(row.parent));
    if (row.depth <= depth || parent == kNone) {
      now_at.push_back(static_cast<Id>(rolled.size()));
      rolled.push_back(row);
      rolled.back().parent = parent;
      continue;
    }
    now_at.push_back(parent);
    rolled[static_cast<std::size_t>(parent)].add(row);
  }
  return rolled;
}

Report roll_up(const Report& report, int depth) {
  Report rolled = report;
  if (depth >= 0) rolled.rows = rolled_up(report.rows, depth);
  return rolled;
}

std::function<bool(const Row&, const Row&)> ordering(std::string_view name) {
  if (name.empty()) return [](const Row&, const Row&) { return false; };
  const Column& column = find_column(name);
  if (column.per) {
    const auto quotient = [&column](const Row& row) {
      const auto per = static_cast<double>(row.own[*column.per].value());
      return per == 0 ? 0 : static_cast<double>(row.own[*column.measure].value()) / per;
    };
    return [quotient](const Row& a, const Row& b) { return quotient(a) > quotient(b); };
  }
  if (column.measure) {
    const Measure measure = *column.measure;
    return [measure](const Row& a, const Row& b) { return a.own[measure] > b.own[measure]; };
  }
  if (column.size) return [&](const Row& a, const Row& b) { return column.size(a) > column.size(b); };
  return [&](const Row& a, const Row& b) { return column.text(a) < column.text(b); };
}

std::vector<std::size_t> order_of(const std::vector<Row>& rows, std::string_view column) {
  std::vector<std::size_t> order(rows.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  const auto before = ordering(column);
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return before(rows[a], rows[b]); });
  return order;
}

void for_each_line(const Report& report, const RenderOptions& options, const std::function<void(const Row&)>& visit) {
  require_sort(report, options);
  const std::vector<Measure> asked = asked_measures(report, options);
  for_each_shown(chosen_rows(report, options), options, asked, [&](const Row& row, Id) {
    if (has_line(row, asked)) visit(row);
  });
}

Row total_row(const Report& report) {
  Row total;
  total.path = "Total";
  total.cls = report.model;
  if (!report.rows.empty()) {
    total.in = report.rows.front().in;
    total.out = report.rows.front().out;
    total.calls = report.rows.front().calls;
  }
  total.own = report.total;
  total.known = report.known;
  total.exact = report.exact;
  return total;
}

Table lay_out(const Report& report, const RenderOptions& options) {
  const Row total = total_row(report);
  const std::vector<const Column*> chosen = chosen_columns(report, options);
  const auto cells = [&](const Row& row) {
    Table::Cells cells;
    for (const Column* column : chosen) cells.push_back(cell(*column, row, total, options.numbers));
    return cells;
  };
  Table table;
  for (const Column* column : chosen) {
    const bool group = column->name == "name" && options.by != By::module;
    table.titles.push_back(group ? (options.by == By::cls ? "Class" : "Operator") : title(*column, report.unit));
    table.numbers.push_back(column->number());
  }
  for_each_line(report, options, [&](const Row& row) { table.rows.push_back(cells(row)); });
  table.totals.push_back(cells(total));
  return table;
}

/// A longer cell stands out of its column, which is not padded to it: of a long name in a file with many the padding
/// would fill the memory.
constexpr std::size_t kWidest = 300;

std::vector<std::size_t> fit(Table& table, std::string (*safe)(std::string_view)) {
  std::vector<std::size_t> widths(table.titles.size());
  const auto fit_cells = [&](std::vector<std::string>& row) {
    for (std::size_t i = 0; i < row.size(); ++i) {
      row[i] = safe(row[i]);
      widths[i] = std::max(widths[i], std::min(display_width(row[i]), kWidest));
    }
  };
  fit_cells(table.titles);
  for (auto& row : table.rows) fit_cells(row);
  for (auto& row : table.totals) fit_cells(row);
  return widths;
}

std::vector<std::string> uncounted_notes(const Report& report) {
  struct Op {
    std::string name;
    std::vector<std::string> layers;
    int times = 0;
  };
  std::vector<Op> ops;  // in the order met
  std::unordered_map<std::string_view, std::size_t> places;
  for (const auto& [name, path, times] : report.uncounted) {
    const auto [place, fresh] = places.try_emplace(name, ops.size());
    if (fresh) ops.push_back({.name = name, .layers = {}});
    ops[place->second].layers.push_back(shown_path(path));
    ops[place->second].times += times;
  }
  std::vector<std::string> notes;
  for (const Op& op : ops) {
    notes.push_back(formatted("not counted: {} ({}) in {}", op.name,
                              op.times == 1 ? "once" : formatted("{} times", op.times), some_of(op.layers)));
  }
  return notes;
}

std::vector<std::string> footnotes(const Report& report, const RenderOptions& options) {
  std::vector<std::string> notes = uncounted_notes(report);
  const auto is_share = [](const std::string& name) {
    const Column& column = find_column(name);
    return column.share && row_of(*column.measure).bounded;
  };
  const bool shares = options.numbers == NumberFormat::ratio || std::ranges::any_of(options.columns, is_share);
  if (!report.exact && shares) notes.emplace_back("shares are of what was counted");
  if (!report.not_run.empty()) notes.push_back("not run: " + some_of(report.not_run));
  for (std::string& line : training_lines(report)) notes.push_back(std::move(line));
  for (std::string& line : time_lines(report)) notes.push_back(std::move(line));
  for (std::string& line : memory_lines(report)) notes.push_back(std::move(line));
  return notes;
}

std::vector<std::string> table_notes(const Report& report, const RenderOptions& options) {
  std::vector<std::string> notes = fold_lines(report, options);
  for (std::string& note : footnotes(report, options)) notes.push_back(std::move(note));
  return notes;
}

}  // namespace thoplw
