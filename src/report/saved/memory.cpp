// Reads memory over time; modules are named by their paths there.
#include "report/saved/memory.h"

#include <functional>
#include <map>

namespace thoplw::saved {
namespace {

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

}  // namespace

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

}  // namespace thoplw::saved
