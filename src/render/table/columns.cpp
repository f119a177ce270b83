// The table of columns: what each takes from a row.
#include "render/table/columns.h"

#include <algorithm>

#include "base/error.h"
#include "base/suggest.h"
#include "render/fold.h"
#include "render/numbers.h"

namespace thoplw {
namespace {

std::string name_of(const Row& row) { return shown_path(row.path); }
std::string class_of(const Row& row) { return times_text(row.times, row.cls); }
std::string calls_of(const Row& row) { return std::to_string(row.calls); }
Count many_calls(const Row& row) { return row.calls; }

/// Sizes without the batch: "3 x 224 x 224".
std::string shape_text(const std::optional<Tensor>& tensor) {
  if (!tensor) return "";
  const Dims shape = without_batch(tensor->shape);
  if (shape.empty()) return "scalar";
  std::string text;
  for (const std::int64_t size : shape) text += (text.empty() ? "" : " x ") + std::to_string(size);
  return text;
}

Count size_of(const std::optional<Tensor>& tensor) { return tensor ? numel(*tensor) : Count(0); }

std::string in_text(const Row& row) { return shape_text(row.in); }
std::string out_text(const Row& row) { return shape_text(row.out); }
Count in_size(const Row& row) { return size_of(row.in); }
Count out_size(const Row& row) { return size_of(row.out); }

/// What an operator, or all of them together, waits for; nothing where that is not known.
std::string bound_of(const Row& row) {
  const Count arithmetic = row.own[Measure::arithmetic_time], memory = row.own[Measure::memory_time];
  if (memory == arithmetic) return "";
  if (memory < arithmetic) return "arithmetic";
  return row.amount(Measure::arithmetic_time).exact ? "memory" : "";
}

/// Texts, then each measure, then the share of each: "share" is that of the first.
std::vector<Column> all_columns() {
  std::vector<Column> all = {
      {.name = "name", .title = "Name", .text = name_of},
      {.name = "class", .title = "Class", .text = class_of},
      {.name = "calls", .title = "Calls", .text = calls_of, .size = many_calls, .shown = false},
      {.name = "input", .title = "Input shape", .text = in_text, .size = in_size},
      {.name = "output", .title = "Output shape", .text = out_text, .size = out_size},
  };
  for (const Measure measure : all_measures()) {
    const MeasureRow& row = row_of(measure);
    all.push_back({.name = std::string(row.name), .measure = measure, .shown = row.shown});
  }
  all.push_back({.name = "intensity", .measure = Measure::macs, .per = Measure::traffic, .shown = false});
  all.push_back({.name = "bound", .title = "Bound", .text = bound_of, .shown = false});
  for (const Measure measure : all_measures()) {
    const std::string name = measure == Measure::macs ? "share" : std::string(row_of(measure).name) + "-share";
    all.push_back({.name = name, .measure = measure, .share = true, .shown = false});
  }
  return all;
}

std::vector<const Column*> named(std::initializer_list<std::string_view> names) {
  std::vector<const Column*> columns;
  for (const std::string_view name : names) columns.push_back(&find_column(name));
  return columns;
}

/// The usual columns of rows that stand for several modules: they have no shapes, and what they are is their name.
std::vector<const Column*> columns_of_groups(const Report& report) {
  if (report.timing && report.question() == Question::cost)
    return named({"name", "calls", "macs", "traffic", "intensity", "time", "bound"});
  const bool whole = std::ranges::any_of(all_measures(), [&](Measure measure) {
    return report.has(measure) && row_of(measure).asked == report.question();
  });
  if (report.question() == Question::cost || !whole) {  // of operators the parts of a step are not known
    return named({"name", "calls", "macs", "share", "params"});
  }
  std::vector<const Column*> usual = named({"name", "calls"});
  for (const Measure measure : report.shown()) usual.push_back(&find_column(row_of(measure).name));
  return usual;
}

}  // namespace

std::vector<const Column*> usual_columns(const Report& report, By by) {
  if (by != By::module) return columns_of_groups(report);
  if (report.timing && report.question() == Question::cost)
    return named({"name", "class", "output", "macs", "traffic", "intensity", "time", "bound"});
  std::vector<const Column*> usual;
  const auto shown = report.shown();
  for (const Column& column : columns()) {
    const bool wanted =
        column.measure ? column.amount() && !column.share && std::ranges::find(shown, *column.measure) != shown.end()
                       : column.shown && !(report.question() != Question::cost && column.name == "input");
    if (wanted) usual.push_back(&column);
  }
  return usual;
}

bool has(const Report& report, const Column& column) {
  if (column.name == "bound") return report.has(Measure::time);
  return (!column.measure || report.has(*column.measure)) && (!column.per || report.has(*column.per));
}

std::span<const Column> columns() {
  static const std::vector<Column> all = all_columns();
  return all;
}

const Column& find_column(std::string_view name) { return find_named(columns(), "column", name); }

std::vector<const Column*> chosen_columns(const Report& report, const RenderOptions& options) {
  std::vector<const Column*> chosen;
  for (const std::string& name : options.columns) {
    const Column& column = find_column(name);
    if (column.measure) require(report, *column.measure);
    if (column.per) require(report, *column.per);
    if (column.name == "bound") require(report, Measure::time);
    if (std::ranges::find(chosen, &column) != chosen.end()) throw Error("column '" + name + "' is named twice");
    chosen.push_back(&column);
  }
  if (!chosen.empty()) return chosen;
  chosen = usual_columns(report, options.by);
  std::erase_if(chosen, [&](const Column* column) { return !has(report, *column); });
  return chosen;
}

void require(const Report& report, Measure measure) {
  if (report.has(measure)) return;
  const std::string what(row_of(measure).seconds ? row_of(measure).name : words(measure, report.unit));
  throw Error("the report of " + report.model + " has no " + what +
              (row_of(measure).seconds
                   ? ": name a device, as in --device h100"
                   : ": it was saved without them, or goes by operator, or holds weights of unknown size; count the "
                     "model itself, by module"));
}

std::string title(const Column& column, Unit unit) {
  if (!column.measure) return std::string(column.title);
  if (column.per) return std::string(title(*column.measure, unit)) + "/B";
  if (column.share) return column.name == "share" ? "Share" : std::string(title(*column.measure, unit)) + " share";
  return std::string(title(*column.measure, unit));
}

std::string cell(const Column& column, const Row& row, const Row& total, NumberFormat numbers) {
  if (column.text) return column.text(row);
  if (column.per) return quotient_text(row.own[*column.measure], row.own[*column.per]);
  const Count whole = total.own[*column.measure];
  if (column.share) return share_text(row.own[*column.measure], whole);  // of what was counted
  return number_text(row.amount(*column.measure), whole, numbers);
}

std::string shown_path(const std::string& path) { return path.empty() ? "(root)" : path; }

}  // namespace thoplw
