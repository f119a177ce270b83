// A Comparison as one table, and in words.

#include <algorithm>
#include <map>

#include "base/formatted.h"
#include "render/formats.h"
#include "render/table/columns.h"
#include "render/table/selection.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

std::int64_t part_of(const std::vector<Part>& parts, std::string_view what) {
  const auto found = std::ranges::find(parts, what, &Part::what);
  return found == parts.end() ? 0 : found->amount;
}

/// Of all differences, in the order of the kinds.
std::vector<std::string_view> parts_met(const Comparison& comparison) {
  std::vector<std::string_view> met, all{"x2"};
  all.insert(all.end(), kKindNames.begin(), kKindNames.end());
  all.push_back("batch");
  for (std::string_view what : all) {
    const bool somewhere = std::ranges::any_of(comparison.parts, [&](const std::vector<Part>& parts) {
      return std::ranges::find(parts, what, &Part::what) != parts.end();
    });
    if (somewhere) met.push_back(what);
  }
  return met;
}

struct Layout {
  const Comparison& comparison;
  const RenderOptions& options;
  const std::vector<Report>& reports = comparison.reports;
  const Report& base = reports[comparison.base];
  Table table{.titles = {"Name", "Class"}, .numbers = {false, false}, .rows = {}, .totals = {}};

  /// A line with a cell by convention.
  template <class CellOf>
  Table::Cells line(const std::string& name, const std::string& cls, CellOf cell_of) const {
    Table::Cells cells{name, cls};
    for (std::size_t i = 0; i < reports.size(); ++i) cells.push_back(cell_of(i));
    return cells;
  }

  std::string macs(std::size_t i, const Row& row) const {
    return number_text(row.amount(Measure::macs), reports[i].total[Measure::macs], options.numbers);
  }

  void add_titles() {
    for (const Report& report : reports) {
      table.titles.push_back(report.convention + " " + std::string(words(Measure::macs, report.unit)));
      table.numbers.push_back(true);
    }
  }

  /// The rows that cost something by any convention.
  void add_rows() {
    std::vector<Report> rolled;
    for (const Report& report : reports) rolled.push_back(roll_up(report, options.depth));
    const std::vector<Row>& rows = rolled[comparison.base].rows;
    const auto is_free = [&](std::size_t row) {
      return std::ranges::all_of(rolled,
                                 [&](const Report& report) { return report.rows[row].own[Measure::macs] == 0; });
    };
    Selection selection = selection_of(rows, options);
    std::erase_if(selection.shown, is_free);
    std::erase_if(selection.others, is_free);
    for (const std::size_t row : selection.shown) {
      table.rows.push_back(
          line(shown_path(rows[row].path), rows[row].cls, [&](std::size_t i) { return macs(i, rolled[i].rows[row]); }));
    }
    if (selection.others.empty()) return;
    table.rows.push_back(line(added_up(rows, selection.others).name(), "",
                              [&](std::size_t i) { return macs(i, added_up(rolled[i].rows, selection.others).row); }));
  }

  void add_totals() {
    for (const Measure measure : shown_measures()) {
      const std::string name = measure == Measure::macs ? "Total" : std::string(heading(measure, base.unit));
      table.totals.push_back(line(name, measure == Measure::macs ? base.model : "", [&](std::size_t i) {
        return number_text(reports[i].amount(measure), reports[i].total[measure], options.numbers);
      }));
    }
    const Count from = base.total[Measure::macs];
    table.totals.push_back(line("Total - " + base.convention, "", [&](std::size_t i) {
      return signed_text(difference(from, reports[i].total[Measure::macs]), from, options.numbers);
    }));
    for (std::string_view what : parts_met(comparison)) {
      table.totals.push_back(line("  " + std::string(what), "", [&](std::size_t i) {
        return signed_text(part_of(comparison.parts[i], what), from, options.numbers);
      }));
    }
  }
};

Table lay_out(const Comparison& comparison, const RenderOptions& options) {
  Layout layout{comparison, options};
  layout.add_titles();
  layout.add_rows();
  layout.add_totals();
  return std::move(layout.table);
}

/// "20 BatchNorm2d, conv1": classes that several rows have, else paths.
std::string rows_in_words(const Part& part, const Report& report) {
  std::map<std::string, std::vector<const Row*>> by_class;
  for (Id id : part.rows) {
    const Row& row = report.rows[static_cast<std::size_t>(id)];
    by_class[row.cls].push_back(&row);
  }
  std::string text;
  for (const auto& [cls, rows] : by_class) {
    const std::string words = rows.size() == 1 ? shown_path(rows[0]->path) : formatted("{} {}", rows.size(), cls);
    text += (text.empty() ? "" : ", ") + words;
  }
  return text;
}

std::vector<std::string> in_words(const Comparison& comparison, const RenderOptions& options) {
  const Report& base = comparison.reports[comparison.base];
  std::vector<std::string> notes;
  for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
    const Report& report = comparison.reports[i];
    for (const Part& part : comparison.parts[i]) {
      const std::string amount = signed_text(part.amount, base.total[Measure::macs], options.numbers);
      const std::string where = rows_in_words(part, report);
      notes.push_back(part.what == "x2" ? formatted("{}: {} as a multiply-add counts twice", report.convention, amount)
                      : part.what == "batch"
                          ? formatted("{}: {} as it counts one sample of a batch", report.convention, amount)
                          : formatted("{}: {} of {} in {}", report.convention, amount, part.what, where));
    }
    for (const std::string& note : report.notes) {
      if (std::ranges::find(base.notes, note) == base.notes.end()) notes.push_back(note);
    }
  }
  notes.insert(notes.end(), comparison.notes.begin(), comparison.notes.end());
  return notes;
}

}  // namespace

std::string comparison_by(WriteTable* write, const Comparison& comparison, const RenderOptions& options) {
  return write(lay_out(comparison, options), options, in_words(comparison, options));
}

}  // namespace thoplw
