// Grows the tree from rows.
#include "render/module_tree.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/formatted.h"
#include "render/fold.h"
#include "render/kept_rows.h"
#include "render/table/columns.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// Amounts and calls of one of so many equal rows.
Row one_of(Row row, int times) {
  if (times == 1) return row;
  for (Count& amount : row.own.by) amount = Count(amount.value() / static_cast<std::uint64_t>(times));
  row.calls /= times;
  row.times = 1;
  return row;
}

Others one_of(Others others, int times) {
  return {one_of(std::move(others.row), times), others.many / static_cast<std::size_t>(times)};
}

/// All of so many modules, with one of them inside.
ModuleNode around_each(ModuleNode one, int times) {
  ModuleNode all{.row = one.row, .name = std::exchange(one.name, "(each)"), .children = 1, .times = times};
  for (Count& amount : all.row.own.by) amount *= times;
  all.row.calls = added_calls(0, Count(one.row.calls) * Count(times));
  one.kind = NodeKind::each;
  all.inside.push_back(std::move(one));
  return all;
}

void add_up(ModuleNode& node) {
  node.row.own = {};
  for (const ModuleNode& inner : node.inside) {
    node.row.own += inner.row.own;
    node.row.exact = node.row.exact && inner.row.exact;
  }
}

struct Grower {
  std::vector<KeptRow> kept;
  std::vector<Measure> asked;  ///< besides MACs and parameters
  std::function<bool(const Row&, const Row&)> before;
  std::vector<std::vector<std::size_t>> inside{kept.size()};  ///< by kept row

  ModuleNode tree() {
    for (std::size_t i = 1; i < kept.size(); ++i) inside[static_cast<std::size_t>(kept[i].parent)].push_back(i);
    return grow(0, 1);
  }

  /// `around`: how many modules the one around it stands for.
  ModuleNode grow(std::size_t at, int around) {
    KeptRow& of = kept[at];
    const int times = of.row->times;
    if (of.others) *of.others = one_of(std::move(*of.others), times);
    ModuleNode node{.row = one_of(*of.row, times), .name = std::move(of.name), .children = of.children};
    if (has_own(node.row, asked) &&
        of.children > 0) {  // a node of its own, so that those inside add up to the one around
      if (of.shown) {
        node.inside.push_back({.row = node.row, .name = "(itself)", .kind = NodeKind::itself});
      } else {
        of.leave_out(node.row);
      }
    }
    for (const auto child : inside[at]) node.inside.push_back(grow(child, times));
    std::ranges::stable_sort(node.inside, before, &ModuleNode::row);
    if (of.others) {
      node.inside.push_back({of.others->row, of.others->name(), NodeKind::others, 0, of.others->many});
    }
    if (!node.inside.empty()) add_up(node);
    if (times != around) return around_each(std::move(node), times / around);
    return node;  // by itself, as a conditional expression would copy it
  }
};

}  // namespace

ModuleNode module_tree(const Report& report, const RenderOptions& options) {
  require_sort(report, options);
  ModuleNode root;
  if (report.rows.empty()) {
    root.row.cls = report.model;
  } else {
    const std::vector<Measure> asked = asked_measures(report, options);
    const ChosenRows chosen = chosen_rows(report, options);
    const auto counts = [&](const Row& row) { return has_line(row, asked); };
    root = Grower{kept_rows(chosen.rows(), chosen.shown, counts), asked, ordering(order_column(options))}.tree();
  }
  root.row.own = report.total;
  root.row.exact = report.exact;
  return root;
}

ModuleNode tree_of_shown(const std::vector<Row>& rows, const std::vector<bool>& shown,
                         std::span<const Measure> measures) {
  const auto all = [](const Row&) { return true; };
  return Grower{kept_rows(rows, shown, all), {measures.begin(), measures.end()}, ordering("")}.tree();
}

std::string label(const ModuleNode& node) {
  if (node.name.empty()) return node.row.cls;
  const bool own_class =
      node.kind == NodeKind::module && !node.row.cls.empty() && node.row.cls != node.name;  // a group is its class
  return own_class ? node.name + ": " + times_text(node.times, node.row.cls) : node.name;
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
  for (const Measure measure : report.shown()) {
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
