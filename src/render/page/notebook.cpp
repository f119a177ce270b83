// Writes HTML whose styles stand in each element: notebooks that were not run on this machine keep only those.
#include "render/page/notebook.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "base/formatted.h"
#include "render/escape.h"
#include "render/formats.h"
#include "render/table/columns.h"
#include "render/table/table.h"
#include "render/table/width.h"
#include "report/names.h"

namespace thoplw {
namespace {

constexpr std::size_t kRows = 200;     // more are summed up
constexpr std::size_t kUnfolded = 24;  // lines that are seen at first, where they suffice
constexpr std::string_view kFrame =
    "<div style=\"font:12px/1.6 Menlo,Consolas,'DejaVu Sans Mono',monospace;max-width:72em;overflow-x:auto\">\n";
constexpr std::string_view kFaint = "<span style=\"opacity:.6\">";

/// A module as it is shown.
struct Node {
  std::vector<std::size_t> inside;
  std::size_t modules = 1;  ///< with those inside
  double weight = 0;        ///< the greatest share of any measure: that of what is around is no smaller
  bool exact = true;        ///< with what is inside
  bool shown = false;
  bool unfolded = false;
};

double share(Count part, Count whole) {
  return whole == 0 ? 0 : static_cast<double>(part.value()) / static_cast<double>(whole.value());
}

std::vector<Node> nodes_of(const Report& report) {
  std::vector<Node> nodes(report.rows.size());
  for (std::size_t i = nodes.size(); i-- > 0;) {
    const Row& row = report.rows[i];
    Node& node = nodes[i];
    for (const Measure measure : shown_measures()) {
      node.weight = std::max(node.weight, share(row.inside[measure], report.total[measure]));
    }
    node.exact = node.exact && row.exact;
    std::ranges::reverse(node.inside);
    if (row.parent == kNone) continue;
    Node& around = nodes[static_cast<std::size_t>(row.parent)];
    around.inside.push_back(i);
    around.modules += node.modules;
    around.exact = around.exact && node.exact;
  }
  return nodes;
}

/// The costliest modules; what is around one comes before it, as it weighs no less and stands before it.
void choose_shown(std::vector<Node>& nodes) {
  std::vector<std::size_t> order(nodes.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return nodes[a].weight > nodes[b].weight; });
  for (std::size_t i = 0; i < std::min(order.size(), kRows); ++i) nodes[order[i]].shown = true;
}

/// The root, and then the heaviest of what is in sight as long as there is room.
void choose_unfolded(std::vector<Node>& nodes) {
  std::vector<std::size_t> folded{0};
  for (std::size_t lines = 1; !folded.empty();) {
    const auto heaviest = std::ranges::max_element(folded, {}, [&](std::size_t i) { return nodes[i].weight; });
    Node& node = nodes[*heaviest];
    folded.erase(heaviest);
    lines += node.inside.size();
    if (lines > kUnfolded && &node != &nodes.front()) return;
    node.unfolded = true;
    for (const std::size_t inner : node.inside) {
      if (nodes[inner].shown && !nodes[inner].inside.empty()) folded.push_back(inner);
    }
  }
}

/// Name, class and amounts of a line.
struct Line {
  std::string name, cls, tip;
  Amounts amounts;
  bool exact = true;

  Amount of(Measure measure) const { return {amounts[measure], exact || !row_of(measure).bounded}; }
};

struct Writer {
  const Report& report;
  const std::vector<Node>& nodes;
  Measure bars;  ///< what bars are of
  std::string html;

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
    for (const Measure measure : shown_measures()) html += cell(line.of(measure)) + (measure == bars ? percent : "");
    html += "</span>" + xml_escaped(line.name);
    if (!line.cls.empty()) html += formatted(" {}{}</span>", kFaint, xml_escaped(line.cls));
  }

  void write_leaf(const Line& line, int depth) {
    html += formatted("<div style=\"padding-left:{:.1f}em\">", 1.2 * depth + 1.1);
    write(line);
    html += "</div>\n";
  }

  std::string tip(const Row& row) const {
    std::string text;
    for (const Measure measure : shown_measures()) {
      text += formatted("{}{} {}", text.empty() ? "" : ", ", row.inside[measure].value(), noun(measure, report.unit));
    }
    for (const auto& [name, what] : {std::pair{"input", " in"}, std::pair{"output", " out"}}) {
      const std::string shape = find_column(name).text(row);
      if (!shape.empty()) text += formatted("; {}{}", shape, what);
    }
    return row.calls > 1 ? formatted("{}; {} calls", text, row.calls) : text;
  }

  Line line_of(std::size_t i) const {
    const Row& row = report.rows[i];
    const std::string name = row.parent == kNone ? "" : std::string(own_name(row, report.rows));
    return {name, row.cls, tip(row), row.inside, nodes[i].exact};
  }

  void write_tree(std::size_t i) {
    const Row& row = report.rows[i];
    const Node& node = nodes[i];
    if (std::ranges::none_of(node.inside, [&](std::size_t inner) { return nodes[inner].shown; })) {
      Line line = line_of(i);
      if (!node.inside.empty()) line.cls += formatted(", {} inside", node.modules - 1);
      return write_leaf(line, row.depth);
    }
    html += formatted("<details{}><summary style=\"padding-left:{:.1f}em\">", node.unfolded ? " open=\"\"" : "",
                      1.2 * row.depth);
    write(line_of(i));
    html += "</summary>\n";
    if (row.has_own()) write_leaf({"(itself)", "", "", row.own, row.exact}, row.depth + 1);
    std::size_t hidden = 0;
    Line rest;
    for (const std::size_t inner : node.inside) {
      if (nodes[inner].shown) {
        write_tree(inner);
        continue;
      }
      hidden += nodes[inner].modules;
      rest.amounts += report.rows[inner].inside;
      rest.exact = rest.exact && nodes[inner].exact;
    }
    rest.name = formatted("... and {} more", hidden);
    if (hidden > 0) write_leaf(rest, row.depth + 1);
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
  const auto first = std::ranges::find_if(shown_measures(), some);
  return first == shown_measures().end() ? Measure::params : *first;
}

std::string head(const Report& report, Measure bars) {
  std::string titles, totals;
  for (const Measure measure : shown_measures()) {
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

std::string notebook_table(Table table, const std::string&, const std::vector<std::string>& notes) {
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
  std::vector<Node> nodes = nodes_of(report);
  const Measure bars = measure_of_bars(report);
  std::string html = std::string(kFrame) + head(report, bars);
  if (!nodes.empty()) {
    choose_shown(nodes);
    choose_unfolded(nodes);
    Writer writer{report, nodes, bars, {}};
    writer.write_tree(0);
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
