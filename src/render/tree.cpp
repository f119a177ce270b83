// The tree of modules, each line with all that is inside the module and its share of the total.
#include <algorithm>

#include "render/formats.h"
#include "render/table.h"
#include "render/width.h"

namespace thoplw {
namespace {

struct Node {
  Row row;  ///< counts are those of all that is inside
  std::string label;
  std::vector<Node> inside;
};

/// "layer1.0" in the module "layer1": "0: BasicBlock".
std::string label(const Row& row, const std::vector<Row>& rows) {
  if (row.parent == kNone) return row.cls;
  const std::string& around = rows[static_cast<std::size_t>(row.parent)].path;
  return row.path.substr(around.empty() ? 0 : around.size() + 1) + ": " + row.cls;
}

Node grow(std::size_t at, const std::vector<Row>& rows, const std::vector<std::vector<std::size_t>>& children,
          const std::string& sort) {
  Node node{rows[at], label(rows[at], rows), {}};
  const bool own_work = node.row.macs > 0 || node.row.params > 0 || !node.row.exact;
  if (own_work && !children[at].empty()) {  // a line of its own, so that the lines inside add up to the one around
    node.inside.push_back({node.row, "(itself)", {}});
  }
  for (const auto child : children[at]) {
    node.inside.push_back(grow(child, rows, children, sort));
    const Row& inner = node.inside.back().row;
    node.row.macs += inner.macs;
    node.row.params += inner.params;
    node.row.exact = node.row.exact && inner.exact;
  }
  std::ranges::stable_sort(node.inside, ordering(sort), &Node::row);
  return node;
}

Node grow(const std::vector<Row>& rows, const std::string& sort) {
  std::vector<std::vector<std::size_t>> children(rows.size());
  for (std::size_t i = 1; i < rows.size(); ++i) children[static_cast<std::size_t>(rows[i].parent)].push_back(i);
  return grow(0, rows, children, sort);
}

struct Painter {
  const Report& report;
  NumberFormat numbers;
  Table table;

  std::vector<std::string> cells(const Row& row, const std::string& branches) const {
    std::vector<std::string> out = {branches, number_text({row.macs, row.exact}, report.macs, numbers)};
    if (numbers != NumberFormat::ratio) out.push_back(number_text({row.macs}, report.macs, NumberFormat::ratio));
    out.push_back(number_text({row.params}, report.params, numbers));
    return out;
  }

  void paint(const Node& node, const std::string& stem) {
    for (const auto& inner : node.inside) {
      const bool last = &inner == &node.inside.back();
      table.rows.push_back(cells(inner.row, stem + (last ? "└─ " : "├─ ") + inner.label));
      paint(inner, stem + (last ? "   " : "│  "));
    }
  }
};

}  // namespace

std::string render_tree(const Report& report, const RenderOptions& options) {
  const Report rolled = roll_up(report, options.depth);
  Painter painter{report, options.numbers, {}};
  painter.table.titles = {"Module", std::string(title(find_column("macs"), report.unit))};
  if (options.numbers != NumberFormat::ratio) painter.table.titles.emplace_back("Share");
  painter.table.titles.emplace_back(find_column("params").title);
  if (!rolled.rows.empty()) {
    const Node root = grow(rolled.rows, options.sort);
    painter.table.rows.push_back(painter.cells(total_row(report), root.label));
    painter.paint(root, "");
  }

  const auto widths = fit(painter.table, one_line);
  std::string text = options.title.empty() ? "" : one_line(options.title) + "\n";
  painter.table.rows.insert(painter.table.rows.begin(), painter.table.titles);
  for (const auto& row : painter.table.rows) {
    text += pad_right(row[0], widths[0]);
    for (std::size_t i = 1; i < row.size(); ++i) text += "  " + pad_left(row[i], widths[i]);
    text += "\n";
  }
  const auto notes = footnotes(report, options);
  if (!notes.empty()) text += "\n";
  for (const auto& note : notes) text += one_line(note) + "\n";
  text.pop_back();
  return text;
}

}  // namespace thoplw
