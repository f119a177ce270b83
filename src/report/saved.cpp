// Reads a saved report: every value is of its type and in its range, and the rows add up, or an error says where not.
#include "report/saved.h"

#include <algorithm>
#include <optional>

#include "base/harmless.h"
#include "report/saved/memory.h"
#include "report/saved/node.h"
#include "report/saved/sums.h"

namespace thoplw {
namespace {

using saved::Json;
using saved::Node;

std::optional<Tensor> tensor(const Node& node) {
  if (node.is_null()) return std::nullopt;
  const std::string name = node["dtype"].text();
  const std::optional<DType> dtype = dtype_named(name);
  if (!dtype) node["dtype"].fail("there is no element type '" + name + "'");
  Tensor tensor{*dtype, node["shape"].each([](const Node& size) { return size.size(); })};
  if (node.has("stored")) tensor.stored = node["stored"].size();
  return tensor;
}

Work work(const Node& node) {
  Work work;
  node.members([&](const std::string& kind, const Node& amount) {
    const auto known = std::ranges::find(kKindNames, kind);
    if (known == kKindNames.end()) amount.fail("there is no such kind of work");
    work.by_kind[static_cast<std::size_t>(known - kKindNames.begin())] = amount.count();
  });
  return work;
}

/// Which measures a row has: a report that an older version wrote has fewer.
MeasureSet measures_in(const Node& row) {
  MeasureSet known = only_shown();
  for (const Measure measure : all_measures()) {
    if (row.has(row_of(measure).name)) known.set(static_cast<std::size_t>(measure));
  }
  return known;
}

/// The field of each measure that is known, its name after `prefix`.
Amounts amounts(const Node& node, const MeasureSet& known, const std::string& prefix) {
  Amounts amounts;
  for (const Measure measure : all_measures()) {
    if (!known[static_cast<std::size_t>(measure)]) continue;
    amounts[measure] = node[prefix + std::string(row_of(measure).name)].count();
  }
  return amounts;
}

/// Those of which the number is a lower bound, whatever is said of operators.
MeasureSet lower_bounds(const Node& node) {
  MeasureSet set;
  if (!node.has("lower_bounds")) return set;
  static_cast<void>(node["lower_bounds"].each([&](const Node& name) {
    const auto row = std::ranges::find(measures(), name.text(), &MeasureRow::name);
    if (row == measures().end()) name.fail("there is no such measure");
    set.set(static_cast<std::size_t>(row - measures().begin()));
    return 0;
  }));
  return set;
}

Row row(const Node& node, const MeasureSet& known) {
  Row row;
  row.path = node["name"].text();
  row.cls = node["class"].text();
  row.parent = node["parent"].is_null() ? kNone : static_cast<Id>(node["parent"].times());
  row.depth = node["depth"].times();
  row.in = tensor(node["input"]);
  row.out = tensor(node["output"]);
  row.calls = node["calls"].times();
  row.cost = work(node["cost"]);
  row.known = known;
  row.least = lower_bounds(node);
  row.own = amounts(node, known, "");
  row.inside = amounts(node, known, "subtree_");
  row.work = work(node["work"]);
  row.exact = node["exact"].flag();
  row.listed = node["listed"].flag();
  return row;
}

Uncounted uncounted(const Node& node) { return {node["op"].text(), node["path"].text(), node["times"].times()}; }

OpCost op_cost(const Node& node) {
  return {node["op"].text(),  node["calls"].count(), work(node["work"]),
          work(node["cost"]), node["macs"].count(),  node["exact"].flag()};
}

OpMoves op_moves(const Node& node) {
  OpMoves op{node["op"].text(), node["calls"].count(), {}};
  for (const Measure measure : moved_measures()) {
    const std::string_view name = row_of(measure).name;
    if (node.has(name)) op.own[measure] = node[name].count();
  }
  return op;
}

Timing timing(const Node& node) {
  Timing timing;
  timing.device = node["device"].text();
  timing.title = node["title"].text();
  timing.type = node["type"].text();
  timing.arithmetic = node["arithmetic"].count();
  timing.useful = node["useful"].count();
  timing.step = node["step"].count();
  timing.memory = node["memory"].count();
  timing.estimate = node["estimate"].count();
  timing.bytes = node["bytes"].count();
  timing.arithmetic_exact = node["arithmetic_exact"].flag();
  timing.memory_known = node["memory_known"].flag();
  timing.untimed = node["untimed"].each([](const Node& type) { return type.text(); });
  return timing;
}

Step step(const Node& node) { return {node["path"].text(), tensor(node["input"]), node["macs"].count()}; }

Unit unit(const Node& node) {
  const std::string text = node.text();
  for (const Unit unit : {Unit::mac, Unit::flop}) {
    if (text == name(unit)) return unit;
  }
  node.fail("must be \"MAC\" or \"FLOP\", not \"" + text + "\"");
}

Json parsed(const std::string& path, std::string_view text) {
  try {
    return Json::parse(text);
  } catch (const Json::parse_error& error) {
    const auto end = std::min(error.byte, text.size());
    const auto line = 1 + std::ranges::count(text.substr(0, end), '\n');
    throw Error(formatted("{}:{}: no JSON: the file is {}", path, line,
                          error.byte > text.size() ? "cut short" : "damaged, or no saved report"));
  } catch (const Json::exception&) {
    throw Error(path + ": a number in it is too large for any report");
  }
}

/// Indexes of weights in several files are JSON too.
[[noreturn]] void complain_of_index(const Json& shards) {
  const bool named = shards.is_object() && !shards.empty() && shards.begin()->is_string();
  const std::string shard = named ? shards.begin()->get<std::string>() : "";
  if (shard.ends_with(".safetensors")) {
    throw Error("this is the index of .safetensors files; name it so, as in model.safetensors.index.json");
  }
  throw Error(formatted(
      "this is the index of weights in several files{}; they can be opened only by running Python code: count "
      "the model that they belong to, thoplw transformers:path/to/config.json, or save them as .safetensors",
      shard.empty() ? "" : ", such as " + shard));
}

/// What it is instead, as far as that can be told.
[[noreturn]] void complain_of_format(const Json& json) {
  if (json.is_array()) {
    throw Error(formatted(
        "this is a list of {}, but a saved report is one object; save each model to a file of its own", json.size()));
  }
  if (json.is_object() && json.contains("weight_map")) complain_of_index(json["weight_map"]);
  const bool config = json.is_object() && (json.contains("model_type") || json.contains("architectures"));
  throw Error(formatted("no saved report: it has no \"format\": \"{}\"; {}", kSavedFormat,
                        config ? "a config of transformers is opened as transformers:PATH"
                               : "write one with `thoplw MODEL -o report.json`"));
}

/// What `read` makes of one record's JSON.
template <class Read>
auto record_of(std::string_view text, const char* what, Read read) {
  const Json json = parsed(what, text);
  try {
    return read(Node(json));
  } catch (const Error& error) {
    throw Error(formatted("{}: {}", what, error.what()));
  }
}

Report report_of(const Json& json) {
  const auto format = json.is_object() ? json.find("format") : json.end();
  if (!json.is_object() || format == json.end() || *format != kSavedFormat) complain_of_format(json);
  const Node node(json);
  Report report;
  report.model = node["model"].text();
  report.convention = node["convention"].text();
  report.unit = unit(node["unit"]);
  const Node total = node["total"];
  std::optional<MeasureSet> known;  // what the first row has, all have
  report.rows = saved::in_tree_order(node["rows"].each([&](const Node& each) {
    if (!known) known = measures_in(each);
    return row(each, *known);
  }));
  report.known = known.value_or(only_shown());
  if (report.rows.empty()) node["rows"].fail("a report has at least the row of the model itself");
  report.steps = node["steps"].each(step);
  if (node.has("operators")) report.ops = node["operators"].each(op_cost);
  if (node.has("moves")) report.moves = node["moves"].each(op_moves);
  if (node.has("timing")) report.timing = timing(node["timing"]);
  report.total = amounts(total, report.known, "");
  report.least = lower_bounds(total);
  report.all_params = total["all_params"].count();
  report.active_params = total["active_params"].count();
  report.trainable_params = total["trainable_params"].count();
  report.buffers = total["buffers"].count();
  report.exact = total["exact"].flag();
  report.uncounted = node["uncounted"].each(uncounted);
  report.missed = node["missed"].each(uncounted);
  report.missed_macs = node["missed_macs"].count();
  report.not_run = node["not_run"].each([](const Node& path) { return path.text(); });
  report.notes = node["notes"].each([](const Node& note) { return harmless_message(note.text()); });
  if (node.has("training")) report.training = saved::training(node["training"], report.rows);
  if (node.has("inference")) report.inference = saved::inference(node["inference"], report.rows);
  saved::check_sums(report);
  return report;
}

}  // namespace

Report read_report(const std::string& path, std::string_view text) {
  const Json json = parsed(path, text);
  try {
    return report_of(json);
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  }
}

Row read_row(std::string_view text) {
  return record_of(text, "row", [](const Node& node) { return row(node, measures_in(node)); });
}
Step read_step(std::string_view text) { return record_of(text, "step", step); }
Uncounted read_uncounted(std::string_view text) { return record_of(text, "uncounted", uncounted); }

}  // namespace thoplw
