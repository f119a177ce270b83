// A Comparison as one table, and in words.

#include <algorithm>
#include <map>

#include "base/formatted.h"
#include "render/formats.h"
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

Table lay_out(const Comparison& comparison, const RenderOptions& options) {
  const std::vector<Report>& reports = comparison.reports;
  const Report& base = reports[comparison.base];
  Table table{.titles = {"Name", "Class"}, .numbers = {false, false}, .rows = {}, .totals = {}};
  for (const Report& report : reports) {
    table.titles.push_back(report.convention + (report.unit == Unit::flop ? " FLOPs" : " MACs"));
    table.numbers.push_back(true);
  }
  const auto line = [&](const std::string& name, const std::string& cls, auto&& cell) {
    Table::Cells cells{name, cls};
    for (std::size_t i = 0; i < reports.size(); ++i) cells.push_back(cell(i));
    return cells;
  };
  std::vector<Report> rolled;
  for (const Report& report : reports) rolled.push_back(roll_up(report, options.depth));
  const std::vector<Row>& rows = rolled[comparison.base].rows;
  const std::vector<bool> shown = shown_rows(rows, options);
  std::vector<Others> others(reports.size());
  for (const std::size_t row : order_of(rows, order_column(options))) {
    const auto listed = [&](const Report& report) { return report.rows[row].macs != 0; };
    if (std::ranges::none_of(rolled, listed)) continue;
    if (!shown[row]) {
      for (std::size_t i = 0; i < reports.size(); ++i) others[i].add(rolled[i].rows[row]);
      continue;
    }
    const Row& named = rows[row];
    table.rows.push_back(line(shown_path(named.path), named.cls, [&](std::size_t i) {
      const Row& own = rolled[i].rows[row];
      return number_text({own.macs, own.exact}, reports[i].macs, options.numbers);
    }));
  }
  if (others[comparison.base].many > 0) {
    table.rows.push_back(line(others[comparison.base].name(), "", [&](std::size_t i) {
      return number_text({others[i].row.macs, others[i].row.exact}, reports[i].macs, options.numbers);
    }));
  }
  table.totals.push_back(line("Total", base.model, [&](std::size_t i) {
    return number_text({reports[i].macs, reports[i].exact}, reports[i].macs, options.numbers);
  }));
  table.totals.push_back(line("Parameters", "", [&](std::size_t i) {
    return number_text({reports[i].params}, reports[i].params, options.numbers);
  }));
  table.totals.push_back(line("Total - " + base.convention, "", [&](std::size_t i) {
    return signed_text(difference(base.macs, reports[i].macs), base.macs, options.numbers);
  }));
  for (std::string_view what : parts_met(comparison)) {
    table.totals.push_back(line("  " + std::string(what), "", [&](std::size_t i) {
      return signed_text(part_of(comparison.parts[i], what), base.macs, options.numbers);
    }));
  }
  return table;
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
      const std::string amount = signed_text(part.amount, base.macs, options.numbers);
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

std::string render_comparison(const Comparison& comparison, const Renderer& renderer, const RenderOptions& options) {
  if (renderer.render == render_json) return comparison_json(comparison, options);
  if (!renderer.table) throw Error("a comparison cannot be shown as " + std::string(renderer.name));
  return renderer.table(lay_out(comparison, options), options.title, in_words(comparison, options));
}

}  // namespace thoplw
