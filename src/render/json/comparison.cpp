// A Comparison for programs.
#include "render/formats.h"
#include "render/json_text.h"
#include "render/table/selection.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

Json part_json(const Part& part, const Report& report) {
  Json rows = Json::array();
  for (Id row : part.rows) rows.push_back(report.rows[static_cast<std::size_t>(row)].path);
  return {{"what", part.what}, {"amount", part.amount}, {"rows", rows}};
}

Json compared_json(const Report& report, const Report& base, const std::vector<Part>& parts) {
  Json json = {{"convention", report.convention}, {"unit", name(report.unit)}};
  for (const Measure measure : shown_measures())
    json[std::string(row_of(measure).name)] = report.total[measure].value();
  json["exact"] = report.exact;
  json["difference"] = difference(base.total[Measure::macs], report.total[Measure::macs]);
  json["parts"] = Json::array();
  for (const Part& part : parts) json["parts"].push_back(part_json(part, report));
  json["notes"] = report.notes;
  return json;
}

}  // namespace

std::string comparison_json(const Comparison& comparison, const RenderOptions& options) {
  Json json = Json::object();
  if (!options.title.empty()) json["title"] = options.title;
  const Report& base = comparison.reports[comparison.base];
  json["model"] = base.model;
  json["base"] = base.convention;
  json["conventions"] = Json::array();
  for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
    json["conventions"].push_back(compared_json(comparison.reports[i], base, comparison.parts[i]));
  }
  if (!comparison.notes.empty()) json["notes"] = comparison.notes;
  std::vector<Report> rolled;
  for (const Report& report : comparison.reports) rolled.push_back(roll_up(report, options.depth));
  const std::vector<Row>& rows = rolled[comparison.base].rows;
  const Selection selection = selection_of(rows, options);
  json["rows"] = Json::array();
  const auto add_line = [&](const Row& named, auto&& macs_of) {
    Json costs = Json::object();
    for (std::size_t i = 0; i < rolled.size(); ++i) costs[rolled[i].convention] = macs_of(i).value();
    json["rows"].push_back({{"name", named.path}, {"class", named.cls}, {"macs", costs}});
  };
  for (const std::size_t row : selection.shown) {
    add_line(rows[row], [&](std::size_t i) { return rolled[i].rows[row].own[Measure::macs]; });
  }
  if (Others others = added_up(rows, selection.others); !others.empty()) {
    others.row.path = others.name();
    add_line(others.row,
             [&](std::size_t i) { return added_up(rolled[i].rows, selection.others).row.own[Measure::macs]; });
  }
  return laid_out_json(json);
}

}  // namespace thoplw
