// Operators that take graphs: how often each graph runs, and what its inputs and results are called around it.
#include "load/pt2/higher_order.h"

#include <algorithm>

#include "base/error.h"
#include "base/formatted.h"

namespace thoplw::pt2 {
namespace {

constexpr std::string_view kSpace = "higher_order::";

}  // namespace

constexpr HigherOrder::Kind HigherOrder::kKinds[] = {
    {"associative_scan", &HigherOrder::combined},
    {"auto_functionalized", &HigherOrder::wrapped},
    {"auto_functionalized_v2", &HigherOrder::wrapped},
    {"cond", &HigherOrder::branches},
    {"hints_wrapper", &HigherOrder::once},
    {"invoke_quant", &HigherOrder::once},
    {"invoke_quant_packed", &HigherOrder::once},
    {"invoke_subgraph", &HigherOrder::once},
    {"map_impl", &HigherOrder::mapped},
    {"out_dtype", &HigherOrder::wrapped},
    {"run_const_graph", &HigherOrder::once},
    {"scan", &HigherOrder::scanned},
    {"strict_mode", &HigherOrder::once},
    {"tag_activation_checkpoint", &HigherOrder::once},
    {"while_loop", &HigherOrder::while_loop},
    {"with_effects", &HigherOrder::wrapped},
    {"wrap", &HigherOrder::once},
    {"wrap_activation_checkpoint", &HigherOrder::once},
    {"wrap_with_autocast", &HigherOrder::once},
    {"wrap_with_set_grad_enabled", &HigherOrder::once},
};

HigherOrder::HigherOrder(GraphReader& reader, const Node& node)
    : reader_(reader), trace_(reader.trace_), node_(node), stack_(node.stack.begin(), node.stack.end()) {
  for (const Json& input : items_of(node.json, "inputs")) add_operand(tagged(member(input, "arg")));
  for (const Json& output : items_of(node.json, "outputs")) {
    each_tensor(tagged(output), [&](std::string_view name) {
      if (!name.empty()) results_.push_back(name);
    });
  }
}

void HigherOrder::add_operand(const Tagged& argument) {
  const auto& [tag, value] = argument;
  if (tag == "as_graph") {
    if (bodies_.empty()) {
      lists_.clear();
      integer_ = 0;
    }
    bodies_.push_back({text_of(*value, "name"), &member(*value, "graph")});
  } else if (tag == "as_operator") {
    operator_ = text(*value);
  } else if (tag == "as_int") {
    integer_ = integer(*value);
  } else if (tag.starts_with("as_") && tag.find("tensor") != std::string_view::npos) {
    Values& list = lists_.emplace_back();
    each_tensor(argument, [&](std::string_view name) {
      if (!name.empty()) list.push_back(node_.scope.id(name));
    });
  }
}

void HigherOrder::read() {
  const std::string& name = reader_.target_of(node_.target).name;
  const auto* kind = std::ranges::find(kKinds, std::string_view(name).substr(kSpace.size()), &Kind::name);
  if (kind != std::end(kKinds) && (this->*kind->read)()) return;
  add(name, flat(), result_values());
}

HigherOrder::Values HigherOrder::flat() const {
  Values values;
  for (const Values& list : lists_) values.insert(values.end(), list.begin(), list.end());
  return values;
}

HigherOrder::Values HigherOrder::result_values() {
  Values values;
  for (std::string_view name : results_) values.push_back(node_.scope.id(name));
  return values;
}

void HigherOrder::add(std::string name, Values in, Values out) {
  NewOp op{std::move(name), std::move(in), std::move(out), {}};
  reader_.note_params(op, stack_);
  trace_.add_op(stack_, std::move(op));
}

void HigherOrder::note(const std::string& text) {
  const std::string_view path = stack_.empty() ? "" : stack_.back().path;
  trace_.add_note(path.empty() ? text : formatted("{}: {}", path, text));
}

/// Those of `inputs` from first_slice on and before end_slice go in step by step.
HigherOrder::Values HigherOrder::run(const Body& body, const Values& inputs, std::size_t first_slice,
                                     std::size_t end_slice) {
  Scope scope(*body.graph, trace_, reader_.sizes_);
  std::vector<std::string_view> names;
  for (const Json& input : items_of(*body.graph, "inputs")) {
    const auto [tag, value] = tagged(input);
    if (tag == "as_tensor") names.push_back(text_of(*value, "name"));
  }
  if (names.size() != inputs.size()) {
    throw Error(formatted("{} takes {} tensors, but gets {}", body.name, names.size(), inputs.size()));
  }
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (i < first_slice || i >= end_slice) {
      scope.bind(names[i], inputs[i]);
    } else {
      add("aten::select", {inputs[i]}, {scope.id(names[i])});
    }
  }
  try {
    reader_.read(scope, stack_);
  } catch (const Error& error) {
    throw Error(formatted("{}: {}", body.name, error.what()));
  }
  Values results;
  for (const Json& output : items_of(*body.graph, "outputs")) {
    const auto [tag, value] = tagged(output);
    if (tag == "as_tensor") results.push_back(scope.id(text_of(*value, "name")));
  }
  return results;
}

/// The first `count` results of a body are those of the node.
void HigherOrder::bind_results(const Values& results, std::size_t count) {
  for (std::size_t i = 0; i < std::min({count, results.size(), results_.size()}); ++i) {
    node_.scope.bind(results_[i], results[i]);
  }
}

/// The others are those of all steps in one.
void HigherOrder::stack_results(const Values& results, std::size_t from) {
  for (std::size_t i = from; i < std::min(results.size(), results_.size()); ++i) {
    add("aten::stack", {results[i]}, {node_.scope.id(results_[i])});
  }
}

/// cond(pred, true_graph, false_graph, operands)
bool HigherOrder::branches() {
  if (bodies_.empty()) return false;
  const std::size_t from = trace_.size();
  const Values inputs = flat();
  Values results;
  std::pair<Count, Count> most;
  std::string_view chosen;
  for (const Body& body : bodies_) {
    const std::size_t begin = trace_.size();
    Values own = run(body, inputs);
    const auto cost = trace_.cost(begin, trace_.size());
    if (chosen.data() == nullptr || cost > most) {
      trace_.drop(from, begin);
      results = std::move(own);
      most = cost;
      chosen = body.name;
    } else {
      trace_.drop(begin, trace_.size());
    }
  }
  bind_results(results, results.size());
  note(formatted("which branch of a cond runs depends on the data; the costlier one is counted, {}", chosen));
  return true;
}

/// wrap_with_set_grad_enabled(enabled, graph, operands...) and the like
bool HigherOrder::once() {
  if (bodies_.empty()) return false;
  const Values results = run(bodies_.front(), flat());
  bind_results(results, results.size());
  return true;
}

Count HigherOrder::steps(const Values& sequences, std::int64_t dim) const {
  const Dims& shape = trace_.value(sequences.front()).shape;
  const auto rank = static_cast<std::int64_t>(shape.size());
  if (dim < -rank || dim >= rank) throw Error(formatted("no dimension {} to go along", dim));
  return shape[static_cast<std::size_t>(dim < 0 ? dim + rank : dim)];
}

/// map_impl(graph, sequences, operands)
bool HigherOrder::mapped() {
  if (bodies_.empty() || lists_.empty() || lists_.front().empty()) return false;
  trace_.begin_loop(stack_, steps(lists_.front(), 0));
  const Values results = run(bodies_.front(), flat(), 0, lists_.front().size());
  trace_.end_loop();
  stack_results(results, 0);
  return true;
}

/// scan(graph, init, sequences, operands); torch 2.5 has the dimension behind the sequences.
bool HigherOrder::scanned() {
  if (bodies_.empty() || lists_.size() < 2 || lists_[1].empty()) return false;
  const std::size_t carried = lists_[0].size();
  trace_.begin_loop(stack_, steps(lists_[1], integer_));
  const Values results = run(bodies_.front(), flat(), carried, carried + lists_[1].size());
  trace_.end_loop();
  bind_results(results, carried);
  stack_results(results, carried);
  return true;
}

/// associative_scan(graph, sequences, operands): the graph joins two slices, so n of them take n - 1 steps.
bool HigherOrder::combined() {
  if (bodies_.empty() || lists_.empty() || lists_.front().empty()) return false;
  const std::size_t sequences = lists_.front().size();
  Values inputs = lists_.front();
  const Values all = flat();
  inputs.insert(inputs.end(), all.begin(), all.end());
  const Count slices = steps(lists_.front(), 0);
  trace_.begin_loop(stack_, slices == Count(0) ? slices : slices - 1);
  const Values results = run(bodies_.front(), inputs, 0, 2 * sequences);
  trace_.end_loop();
  stack_results(results, 0);
  return true;
}

/// while_loop(condition, body, carried, operands)
bool HigherOrder::while_loop() {
  if (bodies_.size() != 2) return false;
  const Values inputs = flat();
  run(bodies_[0], inputs);
  const Values results = run(bodies_[1], inputs);
  bind_results(results, results.size());
  add("higher_order::while_loop", inputs, result_values());
  note("how often a while_loop runs hangs on the data; its body is counted once");
  return true;
}

/// out_dtype(operator, ...), auto_functionalized_v2(operator, ...): the operator is one of the operands.
bool HigherOrder::wrapped() {
  if (operator_.empty()) return false;
  const std::string name = reader_.target_of(operator_).name;
  add(name, flat(), result_values());
  return true;
}

}  // namespace thoplw::pt2
