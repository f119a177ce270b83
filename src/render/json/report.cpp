// The whole report for programs: counts are integers, paths are as the model names them, one row a line. report/saved.h
// reads it again.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "render/formats.h"
#include "render/json_text.h"
#include "render/table/selection.h"
#include "render/table/table.h"
#include "report/saved.h"

namespace thoplw {
namespace {

using Json = nlohmann::ordered_json;

template <class Each>
void for_each_known(const Row& row, Each each) {
  for (const Measure measure : all_measures()) {
    if (row.has(measure)) each(measure, std::string(row_of(measure).name));
  }
}

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

/// Adds each measure that the report has, and beside them their text where another format than raw is wanted.
void add_amounts(Json& json, const Row& row, const Report& report, NumberFormat numbers) {
  for_each_known(row, [&](Measure measure, const std::string& name) { json[name] = row.own[measure].value(); });
  json["exact"] = row.exact;
  if (numbers == NumberFormat::raw) return;
  for_each_known(row, [&](Measure measure, const std::string& name) {
    json[name + "_text"] = unpadded(number_text(row.amount(measure), report.total[measure], numbers));
  });
}

Json uncounted_json(const Uncounted& uncounted) {
  return {{"op", uncounted.op}, {"path", uncounted.path}, {"times", uncounted.times}};
}

Json op_json(const OpCost& op) {
  return {{"op", op.name},     {"calls", op.calls.value()}, {"macs", op.macs.value()},
          {"exact", op.exact}, {"work", work(op.work)},     {"cost", work(op.cost)}};
}

Json moves_json(const OpMoves& op) {
  Json json = {{"op", op.name}, {"calls", op.calls.value()}};
  for (const Measure measure : moved_measures()) {
    if (op.own[measure] > 0) json[std::string(row_of(measure).name)] = op.own[measure].value();
  }
  return json;
}

Json timing_json(const Timing& timing) {
  return {{"device", timing.device},
          {"title", timing.title},
          {"type", timing.type},
          {"least", timing.least().value()},
          {"arithmetic", timing.arithmetic.value()},
          {"useful", timing.useful.value()},
          {"step", timing.step.value()},
          {"memory", timing.memory.value()},
          {"estimate", timing.estimate.value()},
          {"bytes", timing.bytes.value()},
          {"arithmetic_exact", timing.arithmetic_exact},
          {"memory_known", timing.memory_known},
          {"untimed", timing.untimed}};
}

Json step_json(const Step& step) {
  return {{"path", step.path}, {"input", tensor(step.in)}, {"macs", step.macs.value()}};
}

void add_lower_bounds(Json& json, const MeasureSet& least) {
  if (least.none()) return;
  Json& names = json["lower_bounds"] = Json::array();
  for (const Measure measure : all_measures()) {
    if (least[static_cast<std::size_t>(measure)]) names.push_back(row_of(measure).name);
  }
}

Json row_json(const Row& row, Id parent, const Report& report, NumberFormat numbers) {
  Json json = {{"name", row.path},   {"class", row.cls},        {"depth", row.depth},       {"listed", row.listed},
               {"calls", row.calls}, {"input", tensor(row.in)}, {"output", tensor(row.out)}};
  add_amounts(json, row, report, numbers);
  for_each_known(
      row, [&](Measure measure, const std::string& name) { json["subtree_" + name] = row.inside[measure].value(); });
  json["work"] = work(row.work);
  json["cost"] = work(row.cost);
  add_lower_bounds(json, row.least);
  json["parent"] = parent == kNone ? Json() : Json(parent);  // the place of its row in the list
  return json;
}

void add_rows(const Report& report, const RenderOptions& options, const AddElement& add) {
  for_each_shown(chosen_rows(report, options), options, all_measures(),
                 [&](const Row& row, Id parent) { add(row_json(row, parent, report, options.numbers)); });
}

/// The module is named by its path: rows are written in another order, or fewer of them.
Json moment_json(const Report& report, const Moment& moment) {
  return {static_cast<int>(moment.phase), at(report.rows, moment.row).path,
          moment.parameters.value(),      moment.gradients.value(),
          moment.states.value(),          moment.activations.value()};
}

Json alive_json(const std::vector<Alive>& pieces) {
  Json json = Json::array();
  for (const Alive& alive : pieces) {
    json.push_back({{"what", alive.what}, {"path", alive.path}, {"op", alive.op}, {"bytes", alive.bytes.value()}});
  }
  return json;
}

void add_memory(Json& json, const Report& report, const MemoryOverTime& memory) {
  json["peak"] = memory.peak.value();
  json["exact"] = memory.exact;
  json["unknown"] = memory.unknown;
  json["peak_moment"] = moment_json(report, memory.peak_moment);
  json["timeline"] = Json::array();
  for (const Moment& moment : memory.timeline) json["timeline"].push_back(moment_json(report, moment));
  json["at_peak"] = alive_json(memory.at_peak);
}

Json training_json(const Report& report, const Training& training) {
  Json json = {{"optimizer", training.optimizer},
               {"precision", training.precision},
               {"attention", training.attention},
               {"processor", training.processor},
               {"accumulate", training.accumulate},
               {"buffers", training.buffers.value()},
               {"inputs", training.inputs.value()},
               {"masters", training.masters.value()},
               {"transient", training.transient.value()},
               {"forward_peak", training.forward_peak.value()},
               {"peak_first_step", training.peak_first_step.value()}};
  add_memory(json, report, training);
  return json;
}

Json by_type_json(const std::vector<BytesOfType>& by_type) {
  Json json = Json::array();
  for (const auto& [type, bytes] : by_type) json.push_back({{"dtype", name(type)}, {"bytes", bytes.value()}});
  return json;
}

Json inference_json(const Report& report, const Inference& inference) {
  Json json = {{"lifetimes", name(inference.lifetimes)},
               {"precision", inference.precision},
               {"attention", inference.attention},
               {"processor", inference.processor},
               {"weights", inference.weights.value()},
               {"weights_by_type", by_type_json(inference.weights_by_type)},
               {"buffers", inference.buffers.value()},
               {"buffers_by_type", by_type_json(inference.buffers_by_type)},
               {"inputs", inference.inputs.value()},
               {"outputs", inference.outputs.value()},
               {"activations_peak", inference.activations_peak.value()},
               {"retained", inference.retained.value()},
               {"outlive", alive_json(inference.outlive)}};
  add_memory(json, report, inference);
  return json;
}

Json total_json(const Report& report, NumberFormat numbers) {
  Json json;
  add_amounts(json, total_row(report), report, numbers);
  json["all_params"] = report.all_params.value();
  json["active_params"] = report.active_params.value();
  json["trainable_params"] = report.trainable_params.value();
  json["buffers"] = report.buffers.value();
  add_lower_bounds(json, report.least);
  return json;
}

}  // namespace

std::string render_json(const Report& report, const RenderOptions& options) {
  require_sort(report, options);
  const auto as_it_is = [](const std::string& text) { return Json(text); };
  JsonText text;
  text.member("format", kSavedFormat);
  if (!options.title.empty()) text.member("title", options.title);
  text.member("model", report.model);
  text.member("convention", report.convention);
  text.member("unit", name(report.unit));
  text.member("exact", report.exact);
  text.member("total", total_json(report, options.numbers));
  text.list("rows", [&](const AddElement& add) { add_rows(report, options, add); });
  text.list("uncounted", report.uncounted, uncounted_json);
  text.list("not_run", report.not_run, as_it_is);
  text.list("notes", report.notes, as_it_is);
  text.list("steps", report.steps, step_json);
  if (!report.ops.empty()) text.list("operators", report.ops, op_json);
  if (!report.moves.empty()) text.list("moves", report.moves, moves_json);
  text.list("missed", report.missed, uncounted_json);
  text.member("missed_macs", report.missed_macs.value());
  if (report.timing) text.member("timing", timing_json(*report.timing));
  if (report.training) text.member("training", training_json(report, *report.training));
  if (report.inference) text.member("inference", inference_json(report, *report.inference));
  return std::move(text).end();
}

std::string json_record(const Row& row) { return json_line(row_json(row, row.parent, {}, NumberFormat::raw)); }

std::string json_record(const Step& step) { return json_line(step_json(step)); }

std::string json_record(const Uncounted& uncounted) { return json_line(uncounted_json(uncounted)); }

}  // namespace thoplw
