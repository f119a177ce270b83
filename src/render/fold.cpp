// Finds equal modules and adds them up.
#include "render/fold.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <numeric>
#include <string_view>

#include "base/formatted.h"
#include "render/numbers.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "report/names.h"

namespace thoplw {
namespace {

/// A name around its last number: "layer_", "11" and "" of "layer_11".
struct Numbered {
  std::string_view before, number, after;
};

Numbered numbered(std::string_view name) {
  constexpr std::string_view kDigits = "0123456789";
  const std::size_t last = name.find_last_of(kDigits);
  if (last == std::string_view::npos) return {name, "", ""};
  const std::size_t first = name.find_last_not_of(kDigits, last) + 1;  // npos + 1 is 0
  return {name.substr(0, first), name.substr(first, last + 1 - first), name.substr(last + 1)};
}

/// "09" after "08"; empty where there is no number, or too long a one.
std::string next_number(std::string_view number) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), value);
  if (number.empty() || error != std::errc() || value + 1 == 0) return "";
  const std::string next = std::to_string(value + 1);
  return std::string(number.size() - std::min(number.size(), next.size()), '0') + next;
}

bool counts_on(std::string_view name, std::string_view next) {
  const Numbered a = numbered(name), b = numbered(next);
  return !a.number.empty() && a.before == b.before && a.after == b.after && next_number(a.number) == b.number;
}

/// The modules in an order in which all that is inside one comes right after it.
struct Walk {
  const std::vector<Row>& rows;
  std::vector<std::vector<std::size_t>> inside{rows.size()};  ///< by row: the rows right inside it
  std::vector<std::size_t> order{}, place{}, size{};          ///< rows in order; by row: its place, and its subtree

  explicit Walk(const std::vector<Row>& all) : rows(all), place(all.size()), size(all.size(), 1) {
    std::vector<std::size_t> todo;
    for (std::size_t i = rows.size(); i-- > 0;) {
      if (rows[i].parent == kNone) {
        todo.push_back(i);
        continue;
      }
      const auto around = static_cast<std::size_t>(rows[i].parent);
      inside[around].push_back(i);
      size[around] += size[i];
    }
    for (auto& children : inside) std::ranges::reverse(children);
    while (!todo.empty()) {
      const std::size_t at = todo.back();
      todo.pop_back();
      place[at] = order.size();
      order.push_back(at);
      todo.insert(todo.end(), inside[at].rbegin(), inside[at].rend());
    }
  }

  std::span<const std::size_t> subtree(std::size_t at) const { return std::span(order).subspan(place[at], size[at]); }
};

struct Comparer {
  const Walk& walk;
  const std::vector<bool>& shown;
  std::span<const Measure> measures;

  bool same_row(const Row& a, const Row& b) const {
    const auto same_amount = [&](Measure measure) {
      const auto bit = static_cast<std::size_t>(measure);
      return a.own[measure] == b.own[measure] && a.least[bit] == b.least[bit] && a.known[bit] == b.known[bit];
    };
    return a.cls == b.cls && a.calls == b.calls && a.exact == b.exact && a.listed == b.listed && a.in == b.in &&
           a.out == b.out && std::ranges::all_of(measures, same_amount);
  }

  /// Rows that come after one another at the same depths below are the same tree.
  bool equal(std::size_t a, std::size_t b) const {
    const auto& rows = walk.rows;
    if (walk.size[a] != walk.size[b] || !counts_on(own_name(rows[a], rows), own_name(rows[b], rows))) return false;
    const auto left = walk.subtree(a), right = walk.subtree(b);
    for (std::size_t i = 0; i < left.size(); ++i) {
      const Row &one = rows[left[i]], &other = rows[right[i]];
      const bool same_place = i == 0 || (one.depth - rows[a].depth == other.depth - rows[b].depth &&
                                         own_name(one, rows) == own_name(other, rows));
      if (!same_place || shown[left[i]] != shown[right[i]] || !same_row(one, other)) return false;
    }
    return true;
  }
};

std::vector<std::vector<std::size_t>> runs_of(const Walk& walk, const Comparer& comparer) {
  std::vector<std::vector<std::size_t>> runs;
  for (const std::size_t around : walk.order) {
    const auto& children = walk.inside[around];
    for (auto from = children.begin(); from != children.end();) {
      auto to = from + 1;
      while (to != children.end() && comparer.equal(*(to - 1), *to)) ++to;
      const auto many = to - from;
      if (many > 2 || (many == 2 && walk.size[*from] > 1)) runs.emplace_back(from, to);
      from = to;
    }
  }
  return runs;
}

/// By row: the row that it is added to, or itself.
std::vector<std::size_t> kept_in(const Walk& walk, const std::vector<std::vector<std::size_t>>& runs) {
  std::vector<std::size_t> kept(walk.rows.size());
  std::iota(kept.begin(), kept.end(), std::size_t{0});
  for (const auto& run : runs) {
    if (kept[run.front()] != run.front()) continue;  // inside a module that is folded itself
    const auto first = walk.subtree(run.front());
    for (const std::size_t other : std::span(run).subspan(1)) {
      const auto same = walk.subtree(other);
      for (std::size_t i = 0; i < first.size(); ++i) kept[same[i]] = first[i];
    }
  }
  for (const std::size_t at : walk.order) kept[at] = kept[kept[at]];  // the first of a run may be folded further in
  return kept;
}

void add_equal(Row& row, const Row& other) {
  row.add(other);
  row.inside += other.inside;
  row.calls = added_calls(row.calls, other.calls);
  ++row.times;
}

/// Of a row and all that is inside it.
bool all_exact(const Walk& walk, std::size_t at) {
  return std::ranges::all_of(walk.subtree(at), [&](std::size_t inner) { return walk.rows[inner].exact; });
}

std::string each_text(const Row& row, bool exact, const Report& report, const std::vector<const Column*>& columns,
                      NumberFormat numbers) {
  std::string text;
  for (const Column* column : columns) {
    if (!column->amount() || column->share) continue;
    const Measure measure = *column->measure;
    Amount one = row.amount(measure);
    one.exact = one.exact && (exact || !row_of(measure).bounded);
    one.value = Count(row.inside[measure].value() / static_cast<std::uint64_t>(row.times));
    text += formatted("{}{} {}", text.empty() ? "" : ", ", unpadded(number_text(one, report.total[measure], numbers)),
                      words(measure, report.unit));
  }
  return text;
}

}  // namespace

std::vector<Measure> compared_measures(const Report& report, const RenderOptions& options) {
  std::vector<Measure> compared = asked_measures(report, options);
  compared.push_back(Measure::macs);  // of bars, too
  const auto add = [&](const Column& column) {
    if (column.measure) compared.push_back(*column.measure);
    if (column.per) compared.push_back(*column.per);
    if (column.name == "bound") compared.insert(compared.end(), {Measure::arithmetic_time, Measure::memory_time});
  };
  for (const std::string& name : options.columns) add(find_column(name));
  if (options.columns.empty()) {
    for (const Column* column : usual_columns(report, options.by)) add(*column);
  }
  std::ranges::sort(compared);
  compared.erase(std::unique(compared.begin(), compared.end()), compared.end());
  return compared;
}

std::string name_of_run(const std::vector<Row>& rows, const std::vector<std::size_t>& run) {
  const Numbered first = numbered(own_name(rows[run.front()], rows)), last = numbered(own_name(rows[run.back()], rows));
  return formatted("{}{}-{}{}", first.before, first.number, last.number, first.after);
}

std::vector<std::vector<std::size_t>> equal_runs(const std::vector<Row>& rows, const std::vector<bool>& shown,
                                                 std::span<const Measure> measures) {
  const Walk walk(rows);
  return runs_of(walk, {walk, shown, measures});
}

void fold(ChosenRows& chosen, std::span<const Measure> measures) {
  const std::vector<Row>& rows = chosen.rows();
  const Walk walk(rows);
  const auto runs = runs_of(walk, {walk, chosen.shown, measures});
  if (runs.empty()) return;
  const std::vector<std::size_t> kept = kept_in(walk, runs);
  std::vector<std::string> name(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) name[i] = own_name(rows[i], rows);
  for (const auto& run : runs) {
    if (kept[run.front()] == run.front()) name[run.front()] = name_of_run(rows, run);
  }

  std::vector<std::size_t> now_at(rows.size());
  std::vector<Row> fewer;
  std::vector<bool> fewer_shown;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept[i] != i) continue;
    now_at[i] = fewer.size();
    fewer.push_back(rows[i]);
    fewer_shown.push_back(chosen.shown[i]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (kept[i] != i) add_equal(fewer[now_at[kept[i]]], rows[i]);
  }
  for (std::size_t i = 0; i < rows.size(); ++i) {
    Row& row = fewer[now_at[i]];
    if (kept[i] != i || row.parent == kNone) continue;
    const Row& around = fewer[now_at[static_cast<std::size_t>(row.parent)]];
    row.parent = static_cast<Id>(now_at[static_cast<std::size_t>(row.parent)]);
    if (row.times > 1) row.path = around.path.empty() ? name[i] : around.path + "." + name[i];
  }
  chosen.changed = std::move(fewer);
  chosen.shown = std::move(fewer_shown);
}

std::vector<std::string> fold_lines(const Report& report, const RenderOptions& options) {
  constexpr std::size_t kMost = 8;
  if (!options.fold.value_or(false)) return {};
  const ChosenRows chosen = chosen_rows(report, options);
  const std::vector<Row>& rows = chosen.rows();
  const Walk walk(rows);
  const std::vector<const Column*> columns = chosen_columns(report, options);
  std::vector<std::string> lines;
  std::size_t more = 0;
  for (std::size_t i = 1; i < rows.size(); ++i) {
    const Row& row = rows[i];
    if (row.times == rows[static_cast<std::size_t>(row.parent)].times) continue;
    const auto is_shown = [&](std::size_t inner) { return chosen.shown[inner]; };
    if (std::ranges::none_of(walk.subtree(i), is_shown)) continue;
    const std::string each = each_text(row, all_exact(walk, i), report, columns, options.numbers);
    if (each.empty() || !row.inside.any_shown()) continue;
    if (lines.size() == kMost) {
      ++more;
    } else {
      lines.push_back(formatted("{}: {}, each {}", row.path, times_text(row.times, row.cls), each));
    }
  }
  if (more > 0) lines.push_back(formatted("{} more runs of equal modules are one row each", more));
  return lines;
}

std::string times_text(int times, const std::string& cls) {
  return times == 1 ? cls : formatted("{} x {}", times, cls);
}

}  // namespace thoplw
