// Grows the tree from rows.
#include "render/module_tree.h"

#include <algorithm>

#include "base/formatted.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "render/table/table.h"
#include "report/names.h"

namespace thoplw {
namespace {

void add_up(ModuleNode& node) {
  node.row.own = {};
  for (const ModuleNode& inner : node.inside) {
    node.row.own += inner.row.own;
    node.row.exact = node.row.exact && inner.row.exact;
  }
}

struct Grower {
  const std::vector<Row>& rows;
  const std::string sort;
  const std::vector<Measure> asked;
  std::vector<bool> shown;                           ///< by row
  std::vector<bool> kept;                            ///< by row: it is shown, or something inside it is
  std::vector<std::vector<std::size_t>> children{};  ///< by row

  Grower(const std::vector<Row>& all, const RenderOptions& options)
      : rows(all),
        sort(order_column(options)),
        asked(asked_measures(options)),
        shown(shown_rows(all, options)),
        kept(with_around(all, shown)),
        children(all.size()) {
    for (std::size_t i = 1; i < rows.size(); ++i) children[static_cast<std::size_t>(rows[i].parent)].push_back(i);
  }

  void leave_out(std::size_t at, Others& others) const {
    if (has_line(rows[at], asked)) others.add(rows[at]);
    for (const auto child : children[at]) leave_out(child, others);
  }

  ModuleNode grow(std::size_t at) const {
    ModuleNode node{rows[at], std::string(own_name(rows[at], rows)), true, {}};
    Others others;
    if (node.row.has_own() &&
        !children[at].empty()) {  // a node of its own, so that those inside add up to the one around
      if (shown[at]) {
        node.inside.push_back({node.row, "(itself)", false, {}});
      } else {
        others.add(node.row);
      }
    }
    for (const auto child : children[at]) {
      if (kept[child]) {
        node.inside.push_back(grow(child));
      } else {
        leave_out(child, others);
      }
    }
    std::ranges::stable_sort(node.inside, ordering(sort), &ModuleNode::row);
    if (!others.empty()) node.inside.push_back({others.row, others.name(), false, {}});
    if (!node.inside.empty()) add_up(node);
    return node;
  }
};

}  // namespace

ModuleNode module_tree(const Report& report, const RenderOptions& options) {
  require_sort(report, options);
  const std::vector<Row> rows = roll_up(report, options.depth).rows;
  ModuleNode root = rows.empty() ? ModuleNode{} : Grower(rows, options).grow(0);
  if (rows.empty()) root.row.cls = report.model;
  root.row.own = report.total;
  root.row.exact = report.exact;
  return root;
}

std::string label(const ModuleNode& node) {
  if (node.name.empty()) return node.row.cls;
  const bool own_class = node.module && !node.row.cls.empty() && node.row.cls != node.name;  // a group is its class
  return own_class ? node.name + ": " + node.row.cls : node.name;
}

std::size_t size(const ModuleNode& node) {
  std::size_t nodes = 1;
  for (const ModuleNode& inner : node.inside) nodes += size(inner);
  return nodes;
}

std::string Sizing::share(const Row& row) const { return unpadded(share_text(row.own[measure], total)); }

Sizing sizing_of(const Report& report, const RenderOptions& options) {
  const Column* sorted = options.sort.empty() ? nullptr : &find_column(options.sort);
  const Measure measure = sorted && sorted->measure ? *sorted->measure : Measure::macs;
  require(report, measure);
  return {measure, words(measure, report.unit), report.total[measure]};
}

std::string totals_in_words(const Report& report) {
  std::string text;
  for (const Measure measure : shown_measures()) {
    if (!report.has(measure)) continue;
    text += formatted("{}{} {}", text.empty() ? "" : ", ", short_number(report.amount(measure)),
                      words(measure, report.unit));
  }
  return text + " by convention " + report.convention;
}

std::vector<std::string> picture_notes(const Report& report) {
  RenderOptions options;
  options.numbers = NumberFormat::ratio;
  return footnotes(report, options);
}

}  // namespace thoplw
