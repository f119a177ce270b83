// Finds the rows that globs match, the costliest ones, and adds up the others.
#include "render/table/selection.h"

#include <algorithm>

#include "base/error.h"
#include "base/formatted.h"
#include "base/glob.h"
#include "base/suggest.h"
#include "render/fold.h"
#include "render/table/columns.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// What is wrong with a glob that matches nothing.
[[noreturn]] void complain(const std::string& glob, const std::vector<Row>& rows) {
  std::string word = glob;
  std::erase(word, '*');
  std::vector<std::string_view> known;
  for (const Row& row : rows) {
    if (std::ranges::find(known, row.cls) == known.end()) known.push_back(row.cls);
  }
  for (const Row& row : rows) known.push_back(row.path);
  const std::string_view near = nearest_name(word, known);
  std::string message = "filter '" + glob + "' matches neither the path nor the class of a module";
  if (!near.empty()) {
    message += "; did you mean '" + std::string(near) + "'?";
  } else if (glob.find('*') == std::string::npos) {
    message += "; it has to match as a whole: try '*" + glob + "*'";
  }
  throw Error(message);
}

void filter_rows(const std::vector<Row>& rows, const std::vector<std::string>& globs, std::vector<bool>& shown) {
  std::fill(shown.begin(), shown.end(), false);
  std::vector<bool> used(globs.size(), false);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    shown[i] = row.parent != kNone && shown[static_cast<std::size_t>(row.parent)];
    for (std::size_t g = 0; g < globs.size(); ++g) {
      if (!glob_matches(globs[g], shown_path(row.path)) && !glob_matches(globs[g], row.cls)) continue;
      shown[i] = true;
      used[g] = true;
    }
  }
  const auto useless = std::ranges::find(used, false);
  if (useless != used.end()) complain(globs[static_cast<std::size_t>(useless - used.begin())], rows);
}

/// Text columns rank nothing: they leave it to the MACs.
std::string rank_column(const RenderOptions& options) {
  if (options.sort.empty()) return "macs";
  const Column& column = find_column(options.sort);
  return column.measure || column.size ? options.sort : "macs";
}

}  // namespace

bool has_own(const Row& row, std::span<const Measure> measures) {
  return row.has_own() || std::ranges::any_of(measures, [&](Measure measure) { return row.own[measure] > 0; });
}

bool has_line(const Row& row, std::span<const Measure> measures) { return row.listed || has_own(row, measures); }

std::vector<Measure> asked_measures(const Report& report, const RenderOptions& options) {
  std::vector<Measure> asked;
  if (options.columns.empty()) asked.assign(report.shown().begin(), report.shown().end());
  const auto ask = [&](const std::string& name) {
    if (const Column& column = find_column(name); column.measure) {
      asked.push_back(*column.measure);
      if (column.per) asked.push_back(*column.per);
    }
  };
  std::ranges::for_each(options.columns, ask);
  if (!options.sort.empty()) ask(options.sort);
  return asked;
}

void require_sort(const Report& report, const RenderOptions& options) {
  if (options.sort.empty()) return;
  if (const Column& column = find_column(options.sort); column.measure) require(report, *column.measure);
}

namespace {

std::vector<bool> matching_rows(const std::vector<Row>& rows, const RenderOptions& options) {
  std::vector<bool> shown(rows.size(), true);
  if (!options.filter.empty()) filter_rows(rows, options.filter, shown);
  return shown;
}

std::vector<bool> costliest_of(const std::vector<Row>& rows, std::vector<bool> shown, const RenderOptions& options) {
  if (options.top == 0) return shown;
  std::vector<bool> costliest(rows.size(), false);
  std::size_t room = options.top;
  for (const std::size_t i : order_of(rows, rank_column(options))) {
    if (room == 0) break;
    if (!shown[i] || !rows[i].listed) continue;
    costliest[i] = true;
    --room;
  }
  return costliest;
}

}  // namespace

std::vector<bool> shown_rows(const std::vector<Row>& rows, const RenderOptions& options) {
  return costliest_of(rows, matching_rows(rows, options), options);
}

ChosenRows chosen_rows(const Report& report, const RenderOptions& options) {
  ChosenRows chosen{report.rows};
  if (options.depth >= 0) chosen.changed = rolled_up(report.rows, options.depth);
  chosen.shown = matching_rows(chosen.rows(), options);
  if (options.fold.value_or(false) && options.by == By::module) fold(chosen, compared_measures(report, options));
  chosen.shown = costliest_of(chosen.rows(), std::move(chosen.shown), options);
  return chosen;
}

std::string order_column(const RenderOptions& options) {
  return options.sort.empty() && options.top > 0 ? "macs" : options.sort;
}

void Others::add(const Row& other) {
  row.add(other);
  row.inside = row.own;
  row.known = other.known;
  row.calls = added_calls(row.calls, other.calls);
  row.listed = true;
  many += static_cast<std::size_t>(other.times);
}

std::string Others::name() const { return formatted("({} {})", many, many == 1 ? "other" : "others"); }

namespace {

Selection parted(const std::vector<Row>& rows, const std::vector<bool>& shown, const RenderOptions& options) {
  Selection selection;
  for (const std::size_t i : order_of(rows, order_column(options))) {
    (shown[i] ? selection.shown : selection.others).push_back(i);
  }
  return selection;
}

}  // namespace

Selection selection_of(const std::vector<Row>& rows, const RenderOptions& options) {
  return parted(rows, shown_rows(rows, options), options);
}

Others added_up(const std::vector<Row>& rows, const std::vector<std::size_t>& places) {
  Others others;
  for (const std::size_t i : places) others.add(rows[i]);
  return others;
}

void for_each_shown(const ChosenRows& chosen, const RenderOptions& options, std::span<const Measure> measures,
                    const VisitRow& visit) {
  const std::vector<Row>& rows = chosen.rows();
  if (options.top == 0 && options.filter.empty() && order_column(options).empty()) {
    for (const Row& row : rows) visit(row, row.parent);
    return;
  }
  Selection selection = parted(rows, chosen.shown, options);
  std::erase_if(selection.others, [&](std::size_t i) { return !has_line(rows[i], measures); });
  Others others = added_up(rows, selection.others);

  std::vector<Id> now_at(rows.size(), kNone);  // by row: its place, or that of the nearest around it
  for (std::size_t place = 0; place < selection.shown.size(); ++place) {
    now_at[selection.shown[place]] = static_cast<Id>(place);
  }
  const auto around = [&](const Row& row) {
    return row.parent == kNone ? kNone : now_at[static_cast<std::size_t>(row.parent)];
  };
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (now_at[i] == kNone) now_at[i] = around(rows[i]);
  }

  for (const std::size_t i : selection.shown) visit(rows[i], around(rows[i]));
  if (others.empty()) return;
  others.row.path = others.name();
  visit(others.row, kNone);
}

}  // namespace thoplw
