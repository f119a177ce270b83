// A Diff as a table of what changed, for people and for pull requests, and as records for programs.
#include <algorithm>
#include <array>
#include <cmath>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "render/formats.h"
#include "render/json_text.h"
#include "render/table/columns.h"
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
  std::array<Two, kMeasures> counts{};

  Two& operator[](Measure measure) { return counts[static_cast<std::size_t>(measure)]; }
  const Two& operator[](Measure measure) const { return counts[static_cast<std::size_t>(measure)]; }
};

Line line(const Diff& diff, const RowPair& pair, const std::vector<Measure>& measures) {
  const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
  const Row& shown = after ? *after : *before;
  Line line{.name = shown.path, .cls = shown.cls, .was = {}, .cls_before = {}, .state = {}};
  line.state = name(fate(diff, pair));
  if (before) {
    line.was = before->path;
    line.cls_before = before->cls;
  }
  for (const Measure measure : all_measures()) {
    if (before) line[measure].before = before->amount(measure);
    if (after) line[measure].after = after->amount(measure);
  }
  const auto changed = [&](Measure measure) { return line[measure].change() != 0; };
  if (fate(diff, pair) == Fate::same && std::ranges::any_of(measures, changed)) line.state = name(Fate::changed);
  return line;
}

Line total_line(const Diff& diff) {
  Line line{
      .name = "Total", .cls = diff.after.model, .was = "Total", .cls_before = diff.before.model, .state = "total"};
  for (const Measure measure : all_measures()) {
    line[measure] = {diff.before.amount(measure), diff.after.amount(measure)};
  }
  return line;
}

/// What stays as it is, added up.
Line sum_line(const std::vector<Line>& lines) {
  const std::string name = formatted("({} unchanged)", lines.size());
  Line sum{.name = name, .cls = "", .was = name, .cls_before = "", .state = "unchanged"};
  for (const Measure measure : all_measures()) {
    Amount amount;
    for (const Line& line : lines) {
      amount = {amount.value + line[measure].after->value, amount.exact && line[measure].after->exact,
                line[measure].after->seconds};
    }
    sum[measure] = {amount, amount};
  }
  return sum;
}

/// A pair has a line if one of its rows has one in its own report.
bool listed(const Diff& diff, const RowPair& pair, const std::vector<Measure>& measures) {
  const auto has = [&](const Row* row) { return row && has_line(*row, measures); };
  return has(diff.before_of(pair)) || has(diff.after_of(pair));
}

/// The greatest change first; texts and shapes as in every table.
void sort_pairs(std::vector<RowPair>& pairs, const Diff& diff, const std::string& sort) {
  if (sort.empty()) return;
  const Column& column = find_column(sort);
  const auto size_of_change = [&](const RowPair& pair) {
    const Row *before = diff.before_of(pair), *after = diff.after_of(pair);
    const Count a = before ? before->own[*column.measure] : Count(0),
                b = after ? after->own[*column.measure] : Count(0);
    return a < b ? b - a : a - b;
  };
  const auto shown = [&](const RowPair& pair) -> const Row& {
    const Row* after = diff.after_of(pair);
    return after ? *after : *diff.before_of(pair);
  };
  const auto before = ordering(sort);
  std::ranges::stable_sort(pairs, [&](const RowPair& a, const RowPair& b) {
    return column.measure ? size_of_change(a) > size_of_change(b) : before(shown(a), shown(b));
  });
}

/// The measures of the columns that are asked for, or the usual ones.
std::vector<Measure> measures_of(const Diff& diff, const RenderOptions& options) {
  std::vector<Measure> measures;
  for (const std::string& name : options.columns) {
    const Column& column = find_column(name);
    if (!column.amount() && name != "name" && name != "class") {
      throw Error("a diff has names, classes and measures; leave column '" + name + "' out");
    }
    const bool known = !column.measure || std::ranges::find(measures, *column.measure) != measures.end();
    if (!known) measures.push_back(*column.measure);
  }
  if (measures.empty()) {
    for (const Measure measure : diff.after.shown()) {
      const bool of_another =
          diff.after.question() != Question::cost && !(diff.before.has(measure) && diff.after.has(measure));
      if (!of_another) measures.push_back(measure);
    }
  }
  for (const Measure measure : measures) {
    require(diff.before, measure);
    require(diff.after, measure);
  }
  return measures;
}

/// The most memory, where that is known of both.
std::optional<Two> memory_of(const Diff& diff) {
  const MemoryOverTime *before = diff.before.memory(), *after = diff.after.memory();
  if (!before || !after) return std::nullopt;
  return Two{Amount{before->peak, before->exact}, Amount{after->peak, after->exact}};
}

/// What is shown: lines, and those that are only added up.
struct Lines {
  std::vector<Line> shown, unchanged;
  Line total;
};

Lines lines_of(const Diff& diff, const std::vector<Measure>& measures, const std::string& sort, bool all) {
  Lines lines{.shown = {}, .unchanged = {}, .total = total_line(diff)};
  std::vector<RowPair> pairs = diff.pairs;
  sort_pairs(pairs, diff, sort);
  for (const RowPair& pair : pairs) {
    if (!listed(diff, pair, measures)) continue;
    Line one = line(diff, pair, measures);
    const bool same = one.state == name(Fate::same);
    (same && !all ? lines.unchanged : lines.shown).push_back(std::move(one));
  }
  return lines;
}

/// ">=": the true change is not less; "<=": not more; "~": it may be either.
std::string bound(const Two& two) {
  const bool before = !two.before || two.before->exact, after = !two.after || two.after->exact;
  return before ? (after ? "" : ">=") : after ? "<=" : "~";
}

std::string change_text(const Two& two, Count total, NumberFormat numbers) {
  const bool seconds = (two.before && two.before->seconds) || (two.after && two.after->seconds);
  return bound(two) + signed_text(two.change(), total, numbers, seconds);
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
  const std::vector<Measure>& measures;
  Unit unit;
  NumberFormat numbers;
  std::optional<Two> memory;

  std::string amount(const std::optional<Amount>& amount, Count total) const {
    return amount ? number_text(*amount, total, numbers) : "";
  }

  /// Rows are quiet where nothing changed.
  Table::Cells for_people(const Line& line) const {
    Table::Cells cells = {marked_name(line), class_text(line)};
    for (const Measure measure : measures) {
      const Two &two = line[measure], &total = lines.total[measure];
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
    for (const Measure measure : measures) {
      const Two &two = line[measure], &total = lines.total[measure];
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
    Table::Cells titles = {"Name", "Class"};
    for (const Measure measure : measures) {
      titles.insert(titles.end(), {std::string(title(measure, unit)), "Change", "%"});
    }
    return table(std::move(titles), 2, [&](const Line& line) { return for_people(line); });
  }

  Table records() const {
    Table::Cells titles = {"Name", "Name before", "Class", "Class before", "State"};
    for (const Measure measure : measures) {
      const std::string name(title(measure, unit));
      titles.insert(titles.end(), {name + " before", name, name + " change", name + " %"});
    }
    return table(std::move(titles), 5, [&](const Line& line) { return record(line); });
  }

  /// "MACs 1824010216 -> 3678... (+101.7 %)".
  std::string in_words(std::string_view what, const Two& two) const {
    const std::string share = percent_text(two);
    return formatted("{} {} -> {} ({})", what, unpadded(number_text(*two.before, two.before->value, numbers)),
                     unpadded(number_text(*two.after, two.before->value, numbers)),
                     share.empty() ? "no change" : share);
  }

  std::string total_in_words() const {
    std::string text;
    for (const Measure measure : measures) {
      text += (text.empty() ? "" : ", ") + in_words(words(measure, unit), lines.total[measure]);
    }
    if (memory) text += ", " + in_words("bytes of memory", *memory);
    return text;
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

Json line_json(const Line& line, const std::vector<Measure>& measures) {
  Json json = {{"name", line.name}, {"class", line.cls}, {"state", line.state}};
  if (line.state == "renamed") json["name_before"] = line.was;
  if (line.state != "new" && line.cls_before != line.cls) json["class_before"] = line.cls_before;
  for (const Measure measure : measures) json[std::string(row_of(measure).name)] = amounts(line[measure]);
  return json;
}

Json unchanged_json(const std::vector<Line>& lines, const std::vector<Measure>& measures) {
  const Line rest = sum_line(lines);
  Json json = {{"rows", lines.size()}};
  for (const Measure measure : measures) {
    json[std::string(row_of(measure).name)] = rest[measure].after->value.value();
  }
  return json;
}

/// What of a diff is shown, and how.
struct View {
  Diff diff;
  std::vector<Measure> measures;
  Lines lines;
  std::vector<std::string> notes;
  Layout layout;

  View(const Diff& whole, const RenderOptions& options, bool all)
      : diff(options.depth < 0
                 ? whole
                 : thoplw::diff(roll_up(whole.before, options.depth), roll_up(whole.after, options.depth))),
        measures(measures_of(diff, options)),
        lines(lines_of(diff, measures, options.sort, all)),
        notes(notes_of(diff)),
        layout{lines, measures, diff.after.unit, options.numbers, memory_of(diff)} {}
};

}  // namespace

std::string diff_json(const Diff& whole, const RenderOptions& options, bool all) {
  const View view(whole, options, all);
  Json json = {{"format", "thoplw diff 1"}};
  if (!options.title.empty()) json["title"] = options.title;
  json["convention"] = view.diff.after.convention;
  json["unit"] = name(view.diff.after.unit);
  json["total"] = line_json(view.lines.total, view.measures);
  if (view.layout.memory) json["total"]["memory"] = amounts(*view.layout.memory);
  json["rows"] = Json::array();
  for (const Line& line : view.lines.shown) json["rows"].push_back(line_json(line, view.measures));
  json["unchanged"] = unchanged_json(view.lines.unchanged, view.measures);
  json["notes"] = view.notes;
  return laid_out_json(json);
}

std::string diff_md(const Diff& whole, const RenderOptions& options, bool all) {
  const View view(whole, options, all);
  std::string text = options.title.empty() ? "" : "## " + md_text(options.title) + "\n\n";
  text += "**" + view.layout.total_in_words() + "**\n\n";
  const std::string table = md_table(view.layout.for_people(), {}, view.notes);
  const std::size_t modules = view.lines.shown.size();
  if (modules <= kMostUnfolded) return text + table;
  return text + formatted("<details>\n<summary>{} modules</summary>\n\n{}\n\n</details>", modules, table);
}

std::string diff_by(WriteTable* write, const Diff& whole, const RenderOptions& options, bool all) {
  View view(whole, options, all);
  view.notes.insert(view.notes.begin(), view.layout.total_in_words());
  return write(view.layout.for_people(), options, view.notes);
}

std::string diff_records_by(WriteTable* write, const Diff& whole, const RenderOptions& options, bool all) {
  const View view(whole, options, all);
  return write(view.layout.records(), {}, view.notes);
}

}  // namespace thoplw
