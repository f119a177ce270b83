// A Diff as a table of what changed, for people and for pull requests, and as records for programs.
#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "render/formats.h"
#include "render/table/selection.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kMostUnfolded = 20;  ///< rows of a Markdown table that is not folded away

/// The same count before and after; nothing where there was or is none.
struct Two {
  std::optional<Amount> before, after;

  bool exact() const { return (!before || before->exact) && (!after || after->exact); }
  std::int64_t change() const { return difference(before ? before->value : Count(0), after ? after->value : Count(0)); }
};

/// A line of what is shown: a pair of rows, or the sum of some.
struct Line {
  std::string name, cls, was, cls_before, state;
  Two macs, params;
};

Line line(const Diff& diff, const RowPair& pair) {
  const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
  const Row& shown = after ? *after : *before;
  Line line{.name = shown.path, .cls = shown.cls, .was = {}, .cls_before = {}, .state = {}, .macs = {}, .params = {}};
  line.state = name(fate(diff, pair));
  if (before) {
    line.was = before->path;
    line.cls_before = before->cls;
    line.macs.before = {before->macs, before->exact};
    line.params.before = {before->params};
  }
  if (after) {
    line.macs.after = {after->macs, after->exact};
    line.params.after = {after->params};
  }
  return line;
}

Line total_line(const Diff& diff) {
  const Report &before = diff.before, &after = diff.after;
  return {.name = "Total",
          .cls = after.model,
          .was = "Total",
          .cls_before = before.model,
          .state = "total",
          .macs = {Amount{before.macs, before.exact}, Amount{after.macs, after.exact}},
          .params = {Amount{before.params}, Amount{after.params}}};
}

/// What stays as it is, added up.
Line sum_line(const std::vector<Line>& lines) {
  const std::string name = formatted("({} unchanged)", lines.size());
  Amount macs, params;
  for (const Line& line : lines) {
    macs = {macs.value + line.macs.after->value, macs.exact && line.macs.after->exact};
    params.value += line.params.after->value;
  }
  return {.name = name,
          .cls = "",
          .was = name,
          .cls_before = "",
          .state = "unchanged",
          .macs = {macs, macs},
          .params = {params, params}};
}

/// A pair has a line if one of its rows has one in its own report.
bool listed(const Diff& diff, const RowPair& pair) {
  const auto has_line = [](const Row* row) { return row && counts(*row); };
  return has_line(diff.before_of(pair)) || has_line(diff.after_of(pair));
}

/// The greatest change first; texts and shapes as in every table.
void sort_pairs(std::vector<RowPair>& pairs, const Diff& diff, const std::string& sort) {
  if (sort.empty()) return;
  const Column& column = find_column(sort);
  const auto size_of_change = [&](const RowPair& pair) {
    const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
    const Count a = before ? column.amount(*before).value : Count(0),
                b = after ? column.amount(*after).value : Count(0);
    return a < b ? b - a : a - b;
  };
  const auto shown = [&](const RowPair& pair) -> const Row& {
    const Row* after = diff.after_of(pair);
    return after ? *after : *diff.before_of(pair);
  };
  const auto before = ordering(sort);
  std::ranges::stable_sort(pairs, [&](const RowPair& a, const RowPair& b) {
    return column.amount ? size_of_change(a) > size_of_change(b) : before(shown(a), shown(b));
  });
}

/// What is shown: lines, and those that are only added up.
struct Lines {
  std::vector<Line> shown, unchanged;
  Line total;
};

Lines lines_of(const Diff& diff, const std::string& sort, bool all) {
  Lines lines{.shown = {}, .unchanged = {}, .total = total_line(diff)};
  std::vector<RowPair> pairs = diff.pairs;
  sort_pairs(pairs, diff, sort);
  for (const RowPair& pair : pairs) {
    if (!listed(diff, pair)) continue;
    const bool same = fate(diff, pair) == Fate::same;
    (same && !all ? lines.unchanged : lines.shown).push_back(line(diff, pair));
  }
  return lines;
}

/// ">=": the true change is not less; "<=": not more; "~": it may be either.
std::string bound(const Two& two) {
  const bool before = !two.before || two.before->exact, after = !two.after || two.after->exact;
  return before ? (after ? "" : ">=") : after ? "<=" : "~";
}

std::string change_text(const Two& two, Count total, NumberFormat numbers) {
  return bound(two) + signed_text(two.change(), total, numbers);
}

std::optional<double> percent(const Two& two) {
  if (!two.before || !two.after || two.before->value == 0) return std::nullopt;
  return 100 * static_cast<double>(two.change()) / static_cast<double>(two.before->value.value());
}

std::string percent_text(const Two& two) {
  if (!two.before) return "new";
  if (!two.after) return "gone";
  if (two.change() == 0) return "";
  const auto share = percent(two);
  if (!share) return "from 0";
  return two.exact() ? formatted("{:+.1f} %", *share) : two.before->exact ? formatted(">={:+.1f} %", *share) : "?";
}

std::string marked_name(const Line& line) {
  const std::string name = shown_path(line.name);
  if (line.state == "renamed") return name + " [renamed from " + shown_path(line.was) + "]";
  return line.state == "new" || line.state == "gone" ? name + " [" + line.state + "]" : name;
}

std::string class_text(const Line& line) {
  const bool other = line.state != "new" && line.state != "gone" && line.cls != line.cls_before;
  return other ? line.cls_before + " -> " + line.cls : line.cls;
}

struct Layout {
  const Lines& lines;
  Unit unit;
  NumberFormat numbers;

  std::string amount(const std::optional<Amount>& amount, Count total) const {
    return amount ? number_text(*amount, total, numbers) : "";
  }

  /// Rows are quiet where nothing changed.
  Table::Cells for_people(const Line& line) const {
    Table::Cells cells = {marked_name(line), class_text(line)};
    for (const auto& [two, total] :
         {std::pair(line.macs, lines.total.macs), std::pair(line.params, lines.total.params)}) {
      const bool quiet = two.change() == 0 && two.exact() && line.state != "total";
      cells.push_back(amount(two.after, total.after->value));
      cells.push_back(quiet ? "" : change_text(two, total.before->value, numbers));
      cells.push_back(percent_text(two));
    }
    return cells;
  }

  Table::Cells record(const Line& line) const {
    const std::string was = line.state == "new" ? "" : shown_path(line.was);
    Table::Cells cells = {shown_path(line.name), was, line.cls, line.cls_before, line.state};
    for (const auto& [two, total] :
         {std::pair(line.macs, lines.total.macs), std::pair(line.params, lines.total.params)}) {
      cells.push_back(amount(two.before, total.before->value));
      cells.push_back(amount(two.after, total.after->value));
      cells.push_back(change_text(two, total.before->value, numbers));
      cells.push_back(percent_text(two));
    }
    return cells;
  }

  template <class ToCells>
  Table table(Table::Cells titles, std::size_t texts, ToCells to_cells) const {
    Table table{.titles = std::move(titles), .numbers = {}, .rows = {}, .totals = {}};
    for (std::size_t i = 0; i < table.titles.size(); ++i) table.numbers.push_back(i >= texts);
    for (const Line& line : lines.shown) table.rows.push_back(to_cells(line));
    if (!lines.unchanged.empty()) table.totals.push_back(to_cells(sum_line(lines.unchanged)));
    table.totals.push_back(to_cells(lines.total));
    return table;
  }

  Table for_people() const {
    const std::string macs(title(find_column("macs"), unit));
    return table({"Name", "Class", macs, "Change", "%", "Params", "Change", "%"}, 2,
                 [&](const Line& line) { return for_people(line); });
  }

  Table records() const {
    const std::string macs(title(find_column("macs"), unit));
    return table({"Name", "Name before", "Class", "Class before", "State", macs + " before", macs, macs + " change",
                  macs + " %", "Params before", "Params", "Params change", "Params %"},
                 5, [&](const Line& line) { return record(line); });
  }

  /// "MACs 1824010216 -> 3678... (+101.7 %)".
  std::string in_words(std::string_view what, const Two& two) const {
    const std::string share = percent_text(two);
    return formatted("{} {} -> {} ({})", what, unpadded(number_text(*two.before, two.before->value, numbers)),
                     unpadded(number_text(*two.after, two.before->value, numbers)),
                     share.empty() ? "no change" : share);
  }

  std::string total_in_words() const {
    return in_words(title(find_column("macs"), unit), lines.total.macs) + ", " + in_words("params", lines.total.params);
  }
};

std::vector<std::string> notes_of(const Diff& diff) {
  std::vector<std::string> notes;
  for (const auto& [when, report] : {std::pair("before", &diff.before), std::pair("after", &diff.after)}) {
    if (report->exact) continue;
    notes.push_back(formatted("{}: the total is only a lower bound (>=)", when));
    for (const std::string& note : footnotes(*report, {})) notes.push_back(formatted("{}: {}", when, note));
  }
  if (!notes.empty()) notes.emplace_back("changes marked >=, <= or ~ are those of what was counted");
  return notes;
}

std::string md(const Layout& layout, const std::string& title, const std::vector<std::string>& notes) {
  std::string text = title.empty() ? "" : "## " + md_text(title) + "\n\n";
  text += "**" + layout.total_in_words() + "**\n\n";
  const std::string table = md_table(layout.for_people(), "", notes);
  if (layout.lines.shown.size() <= kMostUnfolded) return text + table;
  return text +
         formatted("<details>\n<summary>{} modules</summary>\n\n{}\n\n</details>", layout.lines.shown.size(), table);
}

Json amounts(const Two& two) {
  Json json = {{"before", nullptr}, {"after", nullptr}};
  if (two.before) json["before"] = two.before->value.value();
  if (two.after) json["after"] = two.after->value.value();
  json["change"] = two.change();
  const auto share = percent(two);
  json["percent"] = share ? Json(std::round(100 * *share) / 100) : Json();
  json["exact"] = two.exact();
  return json;
}

Json line_json(const Line& line) {
  Json json = {{"name", line.name}, {"class", line.cls}, {"state", line.state}};
  if (line.state == "renamed") json["name_before"] = line.was;
  if (line.state != "new" && line.cls_before != line.cls) json["class_before"] = line.cls_before;
  json["macs"] = amounts(line.macs);
  json["params"] = amounts(line.params);
  return json;
}

std::string json(const Lines& lines, const Diff& diff, const std::string& title,
                 const std::vector<std::string>& notes) {
  Json json = {{"format", "thoplw diff 1"}};
  if (!title.empty()) json["title"] = title;
  json["convention"] = diff.after.convention;
  json["unit"] = diff.after.unit == Unit::flop ? "FLOP" : "MAC";
  json["total"] = line_json(lines.total);
  json["rows"] = Json::array();
  for (const Line& line : lines.shown) json["rows"].push_back(line_json(line));
  const Line rest = sum_line(lines.unchanged);
  json["unchanged"] = {{"rows", lines.unchanged.size()},
                       {"macs", rest.macs.after->value.value()},
                       {"params", rest.params.after->value.value()}};
  json["notes"] = notes;
  return laid_out_json(json);
}

}  // namespace

std::string render_diff(const Diff& whole, const Renderer& renderer, const RenderOptions& options, bool all) {
  const Diff diff = options.depth < 0
                        ? whole
                        : thoplw::diff(roll_up(whole.before, options.depth), roll_up(whole.after, options.depth));
  const Lines lines = lines_of(diff, options.sort, all);
  const Layout layout{lines, diff.after.unit, options.numbers};
  std::vector<std::string> notes = notes_of(diff);
  if (renderer.render == render_json) return json(lines, diff, options.title, notes);
  if (!renderer.table) throw Error("a diff cannot be shown as " + std::string(renderer.name));
  if (renderer.render == render_md) return md(layout, options.title, notes);
  if (renderer.render == render_csv) return csv_table(layout.records(), options.title, notes);
  notes.insert(notes.begin(), layout.total_in_words());
  return renderer.table(layout.for_people(), options.title, notes);
}

}  // namespace thoplw
