// Writes HTML whose styles stand in each element: notebooks that were not run on this machine keep only those.
#include "render/page/notebook.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/fold.h"
#include "render/formats.h"
#include "render/module_tree.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "render/table/table.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

constexpr std::size_t kRows = 200;     // more are summed up
constexpr std::size_t kUnfolded = 24;  // lines that are seen at first, where they suffice
constexpr std::string_view kFrame =
    "<div style=\"font:12px/1.6 Menlo,Consolas,'DejaVu Sans Mono',monospace;max-width:72em;overflow-x:auto\">\n";
/// Pages around it, such as those of a documentation, have styles for such elements.
constexpr std::string_view kPlain = "font:inherit;background:none;border:0;box-shadow:none;margin:0;padding:0";
constexpr std::string_view kFaint = "<span style=\"opacity:.6\">";

double share(Count part, Count whole) {
  return whole == 0 ? 0 : static_cast<double>(part.value()) / static_cast<double>(whole.value());
}

/// The greatest share of any measure: that of what is around is no smaller.
double weight(const Amounts& amounts, const Report& report) {
  double weight = 0;
  for (const Measure measure : report.shown()) {
    weight = std::max(weight, share(amounts[measure], report.total[measure]));
  }
  return weight;
}

/// By row: is it one of the costliest? What is around one comes before it, as it weighs no less and stands before it.
std::vector<bool> costliest(const std::vector<Row>& rows, const Report& report) {
  std::vector<std::pair<double, std::size_t>> order;
  for (const Row& row : rows) order.emplace_back(weight(row.inside, report), order.size());
  std::ranges::stable_sort(order, std::ranges::greater{}, [](const auto& entry) { return entry.first; });
  std::vector<bool> shown(order.size(), false);
  for (std::size_t i = 0; i < std::min(order.size(), kRows); ++i) shown[order[i].second] = true;
  return shown;
}

/// The root, and then the heaviest of what is in sight as long as there is room.
std::set<const ModuleNode*> unfolded(const ModuleNode& root, const Report& report) {
  const auto weight_of = [&](const ModuleNode* node) { return weight(node->row.own, report); };
  std::set<const ModuleNode*> open;
  std::vector<const ModuleNode*> folded{&root};
  for (std::size_t lines = 1; !folded.empty();) {
    const auto heaviest = std::ranges::max_element(folded, {}, weight_of);
    const ModuleNode* node = *heaviest;
    folded.erase(heaviest);
    lines += node->children;
    if (lines > kUnfolded && node != &root) break;
    open.insert(node);
    for (const ModuleNode& inner : node->inside) {
      if (inner.children > 0) folded.push_back(&inner);
    }
  }
  return open;
}

bool is_module(const ModuleNode& node) { return node.kind == NodeKind::module || node.kind == NodeKind::each; }

/// Name, class and amounts of a line.
struct Line {
  std::string name, cls, tip;
  Amounts amounts;
  bool exact = true;

  Amount of(Measure measure) const {
    return {amounts[measure], exact || !row_of(measure).bounded, row_of(measure).seconds};
  }
};

struct Writer {
  const Report& report;
  Measure bars;  ///< what bars are of
  std::set<const ModuleNode*> open;
  std::string html{};

  static std::string cell(Amount amount) {
    const auto format = amount.value < 1000 ? NumberFormat::raw : NumberFormat::clever;
    return pad_left(unpadded(number_text(amount, {}, format)), 11);
  }

  /// The bar lies behind the left end of the numbers.
  void write(const Line& line) {
    const double part = share(line.amounts[bars], report.total[bars]);
    const std::string percent = pad_left(formatted("{:.2f} %", 100 * part), 10);
    html += formatted(
        "<span style=\"float:right;white-space:pre;padding-left:6em;"
        "background:linear-gradient(90deg,#4a90d9 {:.1f}%,#8883 0) 0/6em 50% no-repeat\"{}>",
        100 * part, line.tip.empty() ? "" : " title=\"" + xml_escaped(line.tip) + "\"");
    for (const Measure measure : report.shown()) html += cell(line.of(measure)) + (measure == bars ? percent : "");
    html += "</span>" + xml_escaped(line.name);
    if (!line.cls.empty()) html += formatted(" {}{}</span>", kFaint, xml_escaped(line.cls));
  }

  void write_leaf(const Line& line, int depth) {
    html += formatted("<div style=\"{} 0 0 {:.1f}em\">", kPlain, 1.2 * depth + 1.1);
    write(line);
    html += "</div>\n";
  }

  std::string tip(const Row& row) const {
    std::string text;
    for (const Measure measure : report.shown()) {
      const Amount amount{row.own[measure], true, row_of(measure).seconds};
      text += formatted("{}{} {}", text.empty() ? "" : ", ", number_text(amount, {}, NumberFormat::raw),
                        noun(measure, report.unit));
    }
    for (const auto& [name, what] : {std::pair{"input", " in"}, std::pair{"output", " out"}}) {
      const std::string shape = find_column(name).text(row);
      if (!shape.empty()) text += formatted("; {}{}", shape, what);
    }
    return row.calls > 1 ? formatted("{}; {} calls", text, row.calls) : text;
  }

  Line line_of(const ModuleNode& node) const {
    Line line{.name = node.name, .cls = "", .tip = "", .amounts = node.row.own, .exact = node.row.exact};
    if (node.kind == NodeKind::others) line.name = formatted("... and {} more", node.left_out);
    if (node.kind == NodeKind::module) line.cls = times_text(node.times, node.row.cls);
    if (is_module(node)) line.tip = tip(node.row);
    return line;
  }

  void write_tree(const ModuleNode& node, int depth) {
    Line line = line_of(node);
    if (std::ranges::none_of(node.inside, is_module)) {
      if (node.children > 0) line.cls += formatted(", {} inside", node.inside.back().left_out);
      return write_leaf(line, depth);
    }
    html += formatted("<details{0} style=\"{1}\"><summary style=\"{1} 0 0 {2:.1f}em\">",
                      open.contains(&node) ? " open=\"\"" : "", kPlain, 1.2 * depth);
    write(line);
    html += "</summary>\n";
    for (const ModuleNode& inner : node.inside) write_tree(inner, depth + 1);
    html += "</details>\n";
  }
};

std::string below(const std::vector<std::string>& notes) {
  std::string html;
  for (const auto& note : notes) html += formatted("<div style=\"opacity:.75\">{}</div>\n", xml_escaped(note));
  return html;
}

/// The measure that bars and shares are of: the first that there is any of.
Measure measure_of_bars(const Report& report) {
  const auto some = [&](Measure measure) { return report.total[measure] > 0; };
  const auto shown = report.shown();
  const auto first = std::ranges::find_if(shown, some);
  return first == shown.end() ? Measure::params : *first;
}

std::string head(const Report& report, Measure bars) {
  std::string titles, totals;
  for (const Measure measure : report.shown()) {
    titles += formatted("{:>11}", title(measure, report.unit));
    if (measure == bars) titles += formatted("{:>10}", "Share");
    totals +=
        formatted("{}{} {}", totals.empty() ? "" : ", ",
                  unpadded(number_text(report.amount(measure), {}, NumberFormat::clever)), noun(measure, report.unit));
  }
  const std::string in = find_column("input").text(total_row(report));
  return formatted(
      "<div style=\"border-bottom:1px solid #8886\"><span style=\"float:right;white-space:pre;opacity:.6\">{}</span>"
      "<b>{}</b> {}{}{}</span></div>\n",
      titles, xml_escaped(report.model), kFaint, totals, in.empty() ? "" : ", input " + in);
}

std::string notebook_table(Table table, const RenderOptions&, const std::vector<std::string>& notes) {
  const std::size_t more = table.rows.size() - std::min(table.rows.size(), kRows);
  table.rows.resize(table.rows.size() - more);
  const auto row = [&](const Table::Cells& cells, std::string_view tag, std::string_view style) {
    std::string html = formatted("<tr style=\"background:none{}\">", style);
    for (std::size_t i = 0; i < cells.size(); ++i) {
      html += formatted("<{0} style=\"text-align:{1};white-space:pre;padding:0 .8em 0 0\">{2}</{0}>", tag,
                        table.numbers[i] ? "right" : "left", xml_escaped(cells[i]));
    }
    return html + "</tr>\n";
  };
  std::string html = std::string(kFrame) + "<table style=\"font:inherit;border-collapse:collapse\">\n";
  html += row(table.titles, "th", ";border-bottom:1px solid #8886");
  for (const auto& cells : table.rows) html += row(cells, "td", "");
  if (more > 0) html += formatted("<tr><td style=\"text-align:left\">... and {} more rows</td></tr>\n", more);
  std::string_view line = ";border-top:1px solid #8886";
  for (const auto& cells : table.totals) {
    html += row(cells, "td", line);
    line = "";
  }
  return html + "</table>\n" + below(notes) + "</div>";
}

}  // namespace

std::string notebook_html(const Report& report) {
  const Measure bars = measure_of_bars(report);
  std::string html = std::string(kFrame) + head(report, bars);
  if (!report.rows.empty()) {
    const ChosenRows chosen = chosen_rows(report, {.fold = true});
    const std::vector<Row>& rows = chosen.rows();
    const ModuleNode root = tree_of_shown(rows, costliest(rows, report), report.shown());
    Writer writer{report, bars, unfolded(root, report)};
    writer.write_tree(root, 0);
    html += writer.html;
  }
  return html + below(footnotes(report, {})) + "</div>";
}

std::string notebook_html(const Comparison& comparison) {
  RenderOptions options;
  options.numbers = NumberFormat::clever;
  return comparison_by(notebook_table, comparison, options);
}

}  // namespace thoplw
