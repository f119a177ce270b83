// The tree of modules, each line with all that is inside the module and its share of the total; on a terminal with
// bars and colours, and no line wider than it.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

#include "render/fold.h"
#include "render/formats.h"
#include "render/module_tree.h"
#include "render/picture/class_kind.h"
#include "render/table/columns.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

constexpr std::size_t kLeastLabel = 12, kGoodLabel = 20, kMostLabel = 400, kLeastBar = 6, kMostBar = 24;  ///< cells
constexpr int kBold = 1, kDim = 2, kBar = 36;  ///< SGR parameters

struct Line {
  std::string branches;  ///< "│  ├─ "
  std::string name;      ///< "conv1: "; empty for the root
  std::string cls;
  Table::Cells numbers;
  double share = 0;
  bool costs = true;  ///< is anything on it more than 0?
  int ansi = 0;       ///< colour of the class
};

std::string colored(const std::string& text, int sgr) {
  return sgr == 0 || text.empty() ? text : "\x1b[" + std::to_string(sgr) + "m" + text + "\x1b[0m";
}

/// Columns of numbers; the usual ones are MACs, their share unless all numbers are shares, and the other measures; of a
/// training step, its own measures.
std::vector<const Column*> columns_of(const Report& report, const RenderOptions& options) {
  std::vector<const Column*> chosen = chosen_columns(report, options);
  std::erase_if(chosen, [](const Column* column) { return !column->measure && column->name != "bound"; });
  if (chosen.empty()) throw Error("a tree has names and numbers: of --columns none is a number; take --kind text");
  if (!options.columns.empty() || options.by != By::module || options.numbers == NumberFormat::ratio) return chosen;
  if (chosen.front()->measure == Measure::macs && !report.timing)
    chosen.insert(chosen.begin() + 1, &find_column("share"));
  return chosen;
}

struct Painter {
  const Report& report;
  const std::vector<const Column*>& columns;
  NumberFormat numbers;
  Row total = total_row(report);
  std::vector<Line> lines{};

  void paint(const ModuleNode& node, const std::string& branches, const std::string& stem) {
    Line line{.branches = branches, .name = "", .cls = "", .numbers = cells(node.row)};
    const bool own_class = node.kind == NodeKind::module && !node.row.cls.empty() && node.row.cls != node.name;
    if (own_class && !node.name.empty()) line.name = harmless(node.name) + ": ";
    line.cls = harmless(own_class ? times_text(node.times, node.row.cls) : node.name);
    line.ansi = node.kind == NodeKind::module || node.kind == NodeKind::each ? kind_of(node.row).ansi : 0;
    line.costs = node.row.has_own();
    const Count all = total.own[Measure::macs];
    if (all > 0) {
      line.share = static_cast<double>(node.row.own[Measure::macs].value()) / static_cast<double>(all.value());
    }
    lines.push_back(std::move(line));
    for (const auto& inner : node.inside) {
      const bool last = &inner == &node.inside.back();
      paint(inner, stem + (last ? "└─ " : "├─ "), stem + (last ? "   " : "│  "));
    }
  }

  Table::Cells cells(const Row& row) const {
    Table::Cells out;
    for (const Column* column : columns) out.push_back(cell(*column, row, total, numbers));
    return out;
  }
};

/// How many cells each part of a line has.
struct Layout {
  std::size_t label = 0, bar = 0;
  std::vector<std::size_t> numbers;
};

std::size_t label_width(const Line& line) { return display_width(line.branches + line.name + line.cls); }

/// "│  ├─ " -> "│ ├ ".
std::string narrow_branches(std::string_view branches) {
  std::string narrow;
  for (std::size_t i = 0; !branches.empty(); ++i) {
    const std::string_view character = first_character(branches);
    if (i % 3 != 1) narrow += character;
    branches.remove_prefix(character.size());
  }
  return narrow;
}

Layout widths_of(const std::vector<Line>& lines, const Table::Cells& titles) {
  Layout layout{.label = display_width(titles[0]), .numbers = {}};
  for (const Line& line : lines) layout.label = std::max(layout.label, std::min(label_width(line), kMostLabel));
  for (std::size_t i = 1; i < titles.size(); ++i) {
    std::size_t width = display_width(titles[i]);
    for (const Line& line : lines) width = std::max(width, display_width(line.numbers[i - 1]));
    layout.numbers.push_back(width);
  }
  return layout;
}

/// Numbers are never cut: where there is no room for a label beside them, columns but the first are left out, shares
/// before others, and go to `dropped`. Bars take what good labels leave.
Layout fit_screen(std::vector<Line>& lines, Table::Cells& titles, const std::vector<const Column*>& columns,
                  const Screen& screen, Table::Cells& dropped) {
  Layout layout = widths_of(lines, titles);
  if (screen.columns == 0) return layout;
  const auto room = [&] {  // for label and bar
    std::size_t numbers = 0;
    for (const std::size_t width : layout.numbers) numbers += width + 2;
    return static_cast<std::size_t>(screen.columns) - std::min(static_cast<std::size_t>(screen.columns), numbers);
  };
  std::vector<std::size_t> widths{kLeastLabel}, giving_way;
  widths.insert(widths.end(), layout.numbers.begin(), layout.numbers.end());
  for (std::size_t i = widths.size(); i-- > 2;) giving_way.push_back(i);
  std::ranges::stable_partition(giving_way, [&](std::size_t place) { return columns[place - 1]->share; });
  auto out = left_out(widths, 2, static_cast<std::size_t>(screen.columns), giving_way);
  std::ranges::sort(out);
  for (const std::size_t column : out) dropped.push_back(titles[column]);
  std::ranges::reverse(out);
  for (const std::size_t column : out) {
    const auto place = static_cast<std::ptrdiff_t>(column);
    titles.erase(titles.begin() + place);
    for (Line& line : lines) line.numbers.erase(line.numbers.begin() + place - 1);
  }
  if (!out.empty()) layout = widths_of(lines, titles);
  if (layout.label > room()) {
    for (Line& line : lines) line.branches = narrow_branches(line.branches);
    layout = widths_of(lines, titles);
  }
  const std::size_t beside = room() > layout.label + 2 ? room() - layout.label - 2 : 0;
  layout.bar = std::clamp(beside, kLeastBar, kMostBar);
  if (titles.size() < 3 || room() < std::min(layout.label, kGoodLabel) + 2 + layout.bar) layout.bar = 0;
  const std::size_t left = room() - (layout.bar > 0 ? layout.bar + 2 : 0);
  layout.label = std::min(layout.label, std::max(left, kLeastLabel));
  return layout;
}

/// The label in so many cells: the class gives way first, then the name, then the branches.
std::string label_text(Line line, std::size_t width, bool color) {
  constexpr std::size_t kLeastName = 10, kLeastClass = 3, kColon = 2;
  const std::size_t most = width - std::min(width / 2, kLeastName);
  if (label_width(line) > width && display_width(line.branches) > most)
    line.branches = "…" + last_cells(line.branches, most - 1);
  std::size_t room = width - display_width(line.branches);
  if (display_width(line.name) + kLeastClass > room && !line.name.empty()) {
    line.name = shortened(line.name.substr(0, line.name.size() - kColon), room);
    line.cls.clear();
  }
  room -= display_width(line.name);
  line.cls = shortened(line.cls, room);
  const std::string padding(room - display_width(line.cls), ' ');
  if (!color) return line.branches + line.name + line.cls + padding;
  if (!line.costs) return colored(line.branches + line.name + line.cls, kDim) + padding;
  return colored(line.branches, kDim) + line.name + colored(line.cls, line.ansi) + padding;
}

/// Eighths of cells; what costs anything shows.
std::string bar_text(double share, std::size_t width) {
  constexpr std::array kEighths = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  auto eighths = static_cast<std::size_t>(std::lround(share * 8.0 * static_cast<double>(width)));
  if (share > 0) eighths = std::max<std::size_t>(eighths, 1);
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return text + kEighths[eighths % 8];
}

std::string line_text(const Line& line, const Layout& layout, bool color) {
  std::string text = label_text(line, layout.label, color);
  std::string numbers;
  for (std::size_t i = 0; i < line.numbers.size(); ++i) {
    const bool bar_here = layout.bar > 0 && i + 1 == line.numbers.size();  // before the parameters
    if (bar_here) {
      const std::string bar = bar_text(line.share, layout.bar);
      const std::string padding(layout.bar - display_width(bar), ' ');
      text += color ? colored(numbers, line.costs ? 0 : kDim) : numbers;
      text += "  " + (color ? colored(bar, kBar) : bar) + padding;
      numbers.clear();
    }
    numbers += "  " + pad_left(line.numbers[i], layout.numbers[i]);
  }
  return text + (color ? colored(numbers, line.costs ? 0 : kDim) : numbers) + "\n";
}

std::string header_text(const Table::Cells& titles, const Layout& layout, bool color) {
  std::string text = pad_right(titles[0], layout.label);
  for (std::size_t i = 1; i < titles.size(); ++i) {
    if (layout.bar > 0 && i + 1 == titles.size()) text += std::string(layout.bar + 2, ' ');
    text += "  " + pad_left(titles[i], layout.numbers[i - 1]);
  }
  return (color ? colored(text, kBold) : text) + "\n";
}

}  // namespace

std::string render_tree(const Report& report, const RenderOptions& options) {
  const std::vector<const Column*> columns = columns_of(report, options);
  Table::Cells titles = {"Module"};
  for (const Column* column : columns) titles.push_back(title(*column, report.unit));
  Painter painter{report, columns, options.numbers};
  RenderOptions folding = options;
  folding.fold = options.fold.value_or(true);
  if (!report.rows.empty()) painter.paint(module_tree(report, folding), "", "");

  const Screen& screen = options.screen;
  Table::Cells dropped;
  const Layout layout = fit_screen(painter.lines, titles, columns, screen, dropped);
  std::string text = options.title.empty() ? "" : harmless(options.title) + "\n";
  text += header_text(titles, layout, screen.color);
  for (const Line& line : painter.lines) text += line_text(line, layout, screen.color);
  const auto notes = footnotes(report, options);
  if (!notes.empty() || !dropped.empty()) text += "\n";
  for (const auto& note : notes) text += harmless(note) + "\n";
  if (!dropped.empty()) text += left_out_text(dropped) + "\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
