// Reads a saved report: every value is of its type and in its range, and the rows add up, or an error says where not.
#include "report/saved.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>

#include "base/formatted.h"
#include "base/harmless.h"

namespace thoplw {
namespace {

using Json = nlohmann::json;

constexpr int kDeepest = 1000;  ///< as in the text of a trace

/// A value with the way to it, which is spelt out only where something is wrong.
class Node {
 public:
  explicit Node(const Json& json, const Node* around = nullptr, std::string_view key = {}, std::size_t index = 0)
      : json_(json), around_(around), key_(key), index_(index) {}

  [[noreturn]] void fail(const std::string& what) const {
    const std::string at = place();
    throw Error((at.empty() ? "" : at + ": ") + what);
  }

  bool has(std::string_view key) const {
    if (!json_.is_object()) fail("must be an object");
    return json_.contains(key);
  }
  Node operator[](std::string_view key) const {
    if (!has(key)) fail(formatted("'{}' is missing", key));
    return Node(json_.find(key).value(), this, key);
  }
  bool is_null() const { return json_.is_null(); }

  std::string text() const {
    if (!json_.is_string()) fail("must be a text");
    return json_.get<std::string>();
  }
  bool flag() const {
    if (!json_.is_boolean()) fail("must be true or false");
    return json_.get<bool>();
  }
  std::uint64_t number(std::uint64_t most) const {
    if (!json_.is_number_unsigned() || json_.get<std::uint64_t>() > most) {
      fail(formatted("must be a whole number from 0 to {}, not {}", most, json_.dump()));
    }
    return json_.get<std::uint64_t>();
  }
  Count count() const { return number(std::numeric_limits<std::uint64_t>::max()); }
  int times() const { return static_cast<int>(number(std::numeric_limits<int>::max())); }
  std::int64_t size() const {
    return static_cast<std::int64_t>(number(static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())));
  }

  /// What `read` makes of each element.
  template <class Read>
  auto each(Read read) const {
    if (!json_.is_array()) fail("must be a list");
    std::vector<decltype(read(*this))> all;
    for (std::size_t i = 0; i < json_.size(); ++i) all.push_back(read(Node(json_[i], this, {}, i)));
    return all;
  }

  /// Calls `read` with the key and value of each member.
  template <class Read>
  void members(Read read) const {
    if (!json_.is_object()) fail("must be an object");
    for (const auto& [key, value] : json_.items()) read(key, Node(value, this, key));
  }

 private:
  std::string place() const {
    if (!around_) return "";
    const std::string outer = around_->place();
    if (key_.empty()) return formatted("{}[{}]", outer, index_);
    return formatted("{}{}{}", outer, outer.empty() ? "" : ".", key_);
  }

  const Json& json_;
  const Node* around_;
  std::string_view key_;
  std::size_t index_;
};

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

using RowByPath = std::map<std::string, Id, std::less<>>;

/// The row of a module, or of the innermost one around it that has a row.
Id row_around(std::string_view path, const RowByPath& rows) {
  for (;;) {
    if (const auto row = rows.find(path); row != rows.end()) return row->second;
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return 0;
    path = path.substr(0, dot);
  }
}

Moment moment(const Node& node, const RowByPath& rows) {
  const std::vector<Node> fields = node.each([](const Node& field) { return field; });
  if (fields.size() != 6) {
    node.fail("must be [phase of 0 to 2, module, bytes of parameters, gradients, states, activations]");
  }
  Moment moment{static_cast<Phase>(fields[0].number(2)),
                row_around(fields[1].text(), rows),
                fields[2].count(),
                fields[3].count(),
                fields[4].count(),
                fields[5].count()};
  try {
    static_cast<void>(moment.sum());
  } catch (const Error&) {
    node.fail("is more memory than there can be");
  }
  return moment;
}

RowByPath rows_by_path(const std::vector<Row>& all) {
  RowByPath rows;
  for (std::size_t i = 0; i < all.size(); ++i) rows.emplace(all[i].path, static_cast<Id>(i));
  return rows;
}

std::string plain_text(const Node& node) { return node.text(); }

Alive alive(const Node& node) {
  return {node["what"].text(), node["path"].text(), node["op"].text(), node["bytes"].count()};
}

void read_memory(const Node& node, const std::vector<Row>& all_rows, MemoryOverTime& memory) {
  const RowByPath rows = rows_by_path(all_rows);
  memory.buffers = node["buffers"].count();
  memory.inputs = node["inputs"].count();
  memory.peak = node["peak"].count();
  memory.exact = node["exact"].flag();
  memory.unknown = node["unknown"].each(plain_text);
  memory.peak_moment = moment(node["peak_moment"], rows);
  memory.timeline = node["timeline"].each([&](const Node& each) { return moment(each, rows); });
  memory.at_peak = node["at_peak"].each(alive);
}

Training training(const Node& node, const std::vector<Row>& rows) {
  Training training;
  read_memory(node, rows, training);
  training.optimizer = node["optimizer"].text();
  training.precision = node["precision"].text();
  training.attention = node["attention"].text();
  training.processor = node["processor"].text();
  training.accumulate = static_cast<std::uint32_t>(node["accumulate"].times());
  training.masters = node["masters"].count();
  training.transient = node["transient"].count();
  training.forward_peak = node["forward_peak"].count();
  training.peak_first_step = node["peak_first_step"].count();
  return training;
}

BytesOfType bytes_of_type(const Node& node) {
  const std::string type = node["dtype"].text();
  const std::optional<DType> known = dtype_named(type);
  if (!known) node["dtype"].fail("must be an element type such as \"f32\", not \"" + type + "\"");
  return {*known, node["bytes"].count()};
}

LifetimePolicy lifetimes(const Node& node) {
  const std::string text = node.text();
  for (const LifetimePolicy policy : {LifetimePolicy::observed, LifetimePolicy::last_use}) {
    if (text == name(policy)) return policy;
  }
  node.fail("must be \"observed\" or \"last-use\", not \"" + text + "\"");
}

Inference inference(const Node& node, const std::vector<Row>& rows) {
  Inference inference;
  read_memory(node, rows, inference);
  inference.lifetimes = lifetimes(node["lifetimes"]);
  inference.precision = node["precision"].text();
  inference.attention = node["attention"].text();
  inference.processor = node["processor"].text();
  inference.weights = node["weights"].count();
  inference.weights_by_type = node["weights_by_type"].each(bytes_of_type);
  inference.buffers_by_type = node["buffers_by_type"].each(bytes_of_type);
  inference.outputs = node["outputs"].count();
  inference.activations_peak = node["activations_peak"].count();
  inference.retained = node["retained"].count();
  inference.outlive = node["outlive"].each(alive);
  return inference;
}

Unit unit(const Node& node) {
  const std::string text = node.text();
  for (const Unit unit : {Unit::mac, Unit::flop}) {
    if (text == name(unit)) return unit;
  }
  node.fail("must be \"MAC\" or \"FLOP\", not \"" + text + "\"");
}

[[noreturn]] void fail_at(std::size_t row, const std::string& what) {
  throw Error(formatted("rows[{}]{}; the file is damaged or was edited: write it anew", row, what));
}

/// Each row behind that of the module around it, as a report has them; sorted ones were written as they came.
std::vector<Row> in_tree_order(std::vector<Row> rows) {
  std::vector<std::vector<std::size_t>> inside(rows.size());
  std::vector<std::size_t> open;
  bool ordered = true;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const auto parent = static_cast<std::size_t>(rows[i].parent);
    if (rows[i].parent == kNone) {
      if (!open.empty()) fail_at(i, ".parent: there is one module without a parent, and this is the second");
      open.push_back(i);
    } else if (parent >= rows.size()) {
      fail_at(i, formatted(".parent: there is no row {}", parent));
    } else {
      inside[parent].push_back(i);
    }
    ordered = ordered && (i == 0 ? rows[i].parent == kNone : parent < i);
  }
  if (ordered) return rows;
  std::vector<Row> sorted;
  std::vector<Id> now_at(rows.size(), kNone);
  while (!open.empty()) {
    const std::size_t i = open.back();
    open.pop_back();
    open.insert(open.end(), inside[i].rbegin(), inside[i].rend());
    now_at[i] = static_cast<Id>(sorted.size());
    Row& row = sorted.emplace_back(std::move(rows[i]));
    if (row.parent != kNone) row.parent = now_at[static_cast<std::size_t>(row.parent)];
  }
  const auto lost = static_cast<std::size_t>(std::ranges::find(now_at, kNone) - now_at.begin());
  if (lost < rows.size()) fail_at(lost, ".parent: no way leads from this module to the root");
  return sorted;
}

std::string wrong_sum(const Row& row, const Amounts& sum) {
  const auto wrong =
      std::ranges::find_if(all_measures(), [&](Measure measure) { return row.inside[measure] != sum[measure]; });
  return formatted(" ('{}'): subtree_{} is not what the rows inside add up to", row.path, row_of(*wrong).name);
}

/// What operators move is what the rows have, where both are known.
void check_moves(const Report& report) {
  if (report.moves.empty()) return;
  Amounts all;
  for (const OpMoves& op : report.moves) all += op.own;
  for (const Measure measure : moved_measures()) {
    if (!report.has(measure) || all[measure] == report.total[measure]) continue;
    throw Error(formatted("moves: they do not add up to total.{}; the file is damaged or was edited: write it anew",
                          row_of(measure).name));
  }
}

/// A report that does not add up was not written by a renderer.
void check_sums(const Report& report) {
  Amounts total;
  bool exact = true;
  std::vector<Row> sums = report.rows;
  for (Row& row : sums) {
    row.inside = row.own;
    total += row.own;
    exact = exact && row.exact;
  }
  for (std::size_t i = sums.size(); i-- > 0;) {
    const Row& row = report.rows[i];
    if (sums[i].inside != row.inside) fail_at(i, wrong_sum(row, sums[i].inside));
    if (row.parent == kNone) continue;
    Row& around = sums[static_cast<std::size_t>(row.parent)];
    around.inside += sums[i].inside;
    if (row.depth > kDeepest) fail_at(i, formatted(".depth: modules are nested {} deep at most", kDeepest));
    if (row.depth != around.depth + 1) fail_at(i, ".depth: the module around it is not one less deep");
  }
  const auto check = [](std::string_view what, auto sum, auto total) {
    if (sum == total) return;
    throw Error(formatted("total.{}: {}, but the rows have {}; the file is damaged or was edited: write it anew", what,
                          total, sum));
  };
  for (const Measure measure : all_measures()) {
    check(row_of(measure).name, total[measure].value(), report.total[measure].value());
  }
  check("exact", exact, report.exact);
  check_moves(report);
  Count of_operators = 0;
  for (const OpCost& op : report.ops) of_operators += op.macs;
  if (report.ops.empty() || of_operators == total[Measure::macs]) return;
  throw Error("operators: they do not add up to total.macs; the file is damaged or was edited: write it anew");
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
  report.rows = in_tree_order(node["rows"].each([&](const Node& each) {
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
  if (node.has("training")) report.training = training(node["training"], report.rows);
  if (node.has("inference")) report.inference = inference(node["inference"], report.rows);
  check_sums(report);
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
