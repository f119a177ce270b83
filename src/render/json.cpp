// The whole report for programs: counts are integers, paths are as the model names them, one row a line. report/saved.h
// reads it again.
#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>

#include "base/harmless.h"
#include "render/formats.h"
#include "render/table/selection.h"
#include "render/table/table.h"
#include "report/saved.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

std::string dump(const Json& json) {
  return harmless_json(json.dump(-1, ' ', false, Json::error_handler_t::replace));  // names may hold what is not UTF-8
}

using AddElement = std::function<void(const Json&)>;

/// An object with one line per member, and in lists one per element. Lists are written as they come: the JSON of all
/// rows takes many times the memory of its text.
class LaidOut {
 public:
  void member(std::string_view key, const Json& value) { begin(key) += dump(value); }
  void list(std::string_view key, const std::function<void(const AddElement&)>& elements) {
    std::string& text = begin(key);
    std::string_view between = "[\n    ";
    elements([&](const Json& element) {
      text += between;
      text += dump(element);
      between = ",\n    ";
    });
    text += between.starts_with('[') ? "[]" : "\n  ]";
  }
  template <class Items, class Make>
  void list(std::string_view key, const Items& items, Make make) {
    list(key, [&](const AddElement& add) {
      for (const auto& item : items) add(make(item));
    });
  }
  std::string end() && { return std::move(text_) + "\n}"; }

 private:
  std::string& begin(std::string_view key) {
    text_ += text_.empty() ? "{\n  " : ",\n  ";
    text_ += dump(key);
    return text_ += ": ";
  }

  std::string text_;
};

Json tensor(const std::optional<Tensor>& tensor) {
  if (!tensor) return nullptr;
  Json json = {{"dtype", name(tensor->dtype)}, {"shape", tensor->shape}};
  if (tensor->stored >= 0) json["stored"] = tensor->stored;
  return json;
}

Json work(const Work& work) {
  Json kinds = Json::object();
  for (std::size_t k = 0; k < kKinds; ++k) {
    if (work.by_kind[k] > 0) kinds[std::string(kKindNames[k])] = work.by_kind[k].value();
  }
  return kinds;
}

/// Adds "macs" and "params", and beside them their text where another format than raw is wanted.
void add_amounts(Json& json, const Row& row, const Report& report, NumberFormat numbers) {
  json["macs"] = row.macs.value();
  json["params"] = row.params.value();
  json["exact"] = row.exact;
  if (numbers == NumberFormat::raw) return;
  json["macs_text"] = unpadded(number_text({row.macs, row.exact}, report.macs, numbers));
  json["params_text"] = unpadded(number_text({row.params}, report.params, numbers));
}

Json uncounted_json(const Uncounted& uncounted) {
  return {{"op", uncounted.op}, {"path", uncounted.path}, {"times", uncounted.times}};
}

Json step_json(const Step& step) {
  return {{"path", step.path}, {"input", tensor(step.in)}, {"macs", step.macs.value()}};
}

/// `parent` is the place of its row in the list.
Json row_json(const Row& row, const Json& parent, const Report& report, NumberFormat numbers) {
  Json json = {{"name", row.path},   {"class", row.cls},        {"depth", row.depth},       {"listed", row.listed},
               {"calls", row.calls}, {"input", tensor(row.in)}, {"output", tensor(row.out)}};
  add_amounts(json, row, report, numbers);
  json["subtree_macs"] = row.subtree_macs.value();
  json["subtree_params"] = row.subtree_params.value();
  json["work"] = work(row.work);
  json["cost"] = work(row.cost);
  json["parent"] = parent;
  return json;
}

/// The place of the nearest module around the row that is shown too; null for none.
Json place_around(const Row& row, const std::vector<Row>& rows, const std::vector<std::optional<std::size_t>>& places) {
  for (Id at = row.parent; at != kNone; at = rows[static_cast<std::size_t>(at)].parent) {
    if (const auto place = places[static_cast<std::size_t>(at)]) return *place;
  }
  return nullptr;
}

void add_rows(const Report& report, const RenderOptions& options, const AddElement& add) {
  const std::vector<Row> rows = roll_up(report, options.depth).rows;
  const std::vector<bool> shown = shown_rows(rows, options);
  const std::vector<std::size_t> order = order_of(rows, order_column(options));
  std::vector<std::optional<std::size_t>> places(rows.size());
  std::size_t many = 0;
  for (const std::size_t i : order) {
    if (shown[i]) places[i] = many++;
  }
  Others others;
  for (const std::size_t i : order) {
    if (shown[i]) add(row_json(rows[i], place_around(rows[i], rows, places), report, options.numbers));
    if (!shown[i] && counts(rows[i])) others.add(rows[i]);
  }
  if (others.empty()) return;
  others.row.path = others.name();
  add(row_json(others.row, nullptr, report, options.numbers));
}

Json total_json(const Report& report, NumberFormat numbers) {
  Json json;
  add_amounts(json, total_row(report), report, numbers);
  json["all_params"] = report.all_params.value();
  json["active_params"] = report.active_params.value();
  json["trainable_params"] = report.trainable_params.value();
  json["buffers"] = report.buffers.value();
  return json;
}

Json part_json(const Part& part, const Report& report) {
  Json rows = Json::array();
  for (Id row : part.rows) rows.push_back(report.rows[static_cast<std::size_t>(row)].path);
  return {{"what", part.what}, {"amount", part.amount}, {"rows", rows}};
}

Json compared_json(const Report& report, const Report& base, const std::vector<Part>& parts) {
  Json json = {{"convention", report.convention}, {"unit", report.unit == Unit::flop ? "FLOP" : "MAC"},
               {"macs", report.macs.value()},     {"params", report.params.value()},
               {"exact", report.exact},           {"difference", difference(base.macs, report.macs)}};
  json["parts"] = Json::array();
  for (const Part& part : parts) json["parts"].push_back(part_json(part, report));
  json["notes"] = report.notes;
  return json;
}

}  // namespace

std::string laid_out_json(const Json& json) {
  LaidOut text;
  for (const auto& [key, value] : json.items()) {
    if (value.is_array()) {
      text.list(key, value, [](const Json& element) { return element; });
    } else {
      text.member(key, value);
    }
  }
  return std::move(text).end();
}

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
  const std::vector<bool> shown = shown_rows(rows, options);
  json["rows"] = Json::array();
  std::vector<Others> others(rolled.size());
  const auto add_line = [&](const Row& named, auto&& macs_of) {
    Json costs = Json::object();
    for (std::size_t i = 0; i < rolled.size(); ++i) costs[rolled[i].convention] = macs_of(i).value();
    json["rows"].push_back({{"name", named.path}, {"class", named.cls}, {"macs", costs}});
  };
  for (const std::size_t row : order_of(rows, order_column(options))) {
    if (shown[row]) {
      add_line(rows[row], [&](std::size_t i) { return rolled[i].rows[row].macs; });
    } else {
      for (std::size_t i = 0; i < rolled.size(); ++i) others[i].add(rolled[i].rows[row]);
    }
  }
  if (Others& base_others = others[comparison.base]; !base_others.empty()) {
    base_others.row.path = base_others.name();
    add_line(base_others.row, [&](std::size_t i) { return others[i].row.macs; });
  }
  return laid_out_json(json);
}

std::string render_json(const Report& report, const RenderOptions& options) {
  const auto as_it_is = [](const std::string& text) { return Json(text); };
  LaidOut text;
  text.member("format", kSavedFormat);
  if (!options.title.empty()) text.member("title", options.title);
  text.member("model", report.model);
  text.member("convention", report.convention);
  text.member("unit", report.unit == Unit::flop ? "FLOP" : "MAC");
  text.member("exact", report.exact);
  text.member("total", total_json(report, options.numbers));
  text.list("rows", [&](const AddElement& add) { add_rows(report, options, add); });
  text.list("uncounted", report.uncounted, uncounted_json);
  text.list("not_run", report.not_run, as_it_is);
  text.list("notes", report.notes, as_it_is);
  text.list("steps", report.steps, step_json);
  text.list("missed", report.missed, uncounted_json);
  text.member("missed_macs", report.missed_macs.value());
  return std::move(text).end();
}

std::string json_record(const Row& row) {
  return dump(row_json(row, row.parent == kNone ? Json() : Json(row.parent), {}, NumberFormat::raw));
}

std::string json_record(const Step& step) { return dump(step_json(step)); }

std::string json_record(const Uncounted& uncounted) { return dump(uncounted_json(uncounted)); }

}  // namespace thoplw
