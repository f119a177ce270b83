// Works out how often a loop runs whose condition is integer arithmetic, and follows each turn where sizes change.
#include <algorithm>
#include <unordered_set>

#include "load/onnx/graph.h"
#include "load/onnx/known.h"

namespace thoplw::onnx {
namespace {

// Nodes in all that are followed turn by turn, or worked out for conditions: a fraction of a second.
constexpr std::size_t kMostUnrolled = 20'000, kMostWorkedOut = 200'000;

bool has_graph(const Node& node) {
  return std::ranges::any_of(node.attributes, [](const Attribute& attribute) { return !attribute.graphs.empty(); });
}

/// Nodes in it, also of graphs in its nodes.
std::size_t size_of(const Graph& graph) {
  std::size_t size = graph.nodes.size();
  for (const Node& node : graph.nodes) {
    for (const Attribute& attribute : node.attributes) {
      for (const auto& inner : attribute.graphs) size += size_of(*inner);
    }
  }
  return size;
}

/// What decides in the body of a loop whether there is another turn.
struct Condition {
  std::vector<const Node*> nodes;   ///< in order
  std::vector<std::size_t> states;  ///< that they read: numbers of inputs of the body
  bool counts = false;              ///< they read the number of the turn
};

Condition condition_of(const Graph& body) {
  std::unordered_map<std::string_view, std::size_t> makers, inputs;
  for (std::size_t i = 0; i < body.nodes.size(); ++i) {
    for (std::string_view output : body.nodes[i].outputs) makers.emplace(output, i);
  }
  for (std::size_t i = 0; i < body.inputs.size(); ++i) inputs.emplace(body.inputs[i].name, i);
  Condition condition;
  std::vector<bool> used(body.nodes.size(), false);
  std::unordered_set<std::string_view> met;
  std::vector<std::string_view> wanted = {body.outputs.front().name};
  while (!wanted.empty()) {
    const std::string_view name = wanted.back();
    wanted.pop_back();
    if (!met.insert(name).second) continue;
    if (const auto maker = makers.find(name); maker != makers.end()) {
      const Node& node = body.nodes[maker->second];
      used[maker->second] = true;
      wanted.insert(wanted.end(), node.inputs.begin(), node.inputs.end());
    } else if (const auto input = inputs.find(name); input != inputs.end()) {
      condition.counts = condition.counts || input->second == 0;
      if (input->second < 2 || input->second > body.outputs.size()) continue;
      condition.states.push_back(input->second);
      wanted.push_back(body.outputs[input->second - 1].name);
    }
  }
  for (std::size_t i = 0; i < used.size(); ++i) {
    if (used[i]) condition.nodes.push_back(&body.nodes[i]);
  }
  return condition;
}

}  // namespace

/// Works out what comes out of a node, as arithmetic on sizes does; writes nothing.
void Follower::evaluate(const Step& step) {
  std::vector<Known> known(step.node.outputs.size());
  if (const Operator* op = find_operator(step.node.domain, step.node.op_type)) infer(step, *op, known);
  for (std::size_t i = 0; i < known.size(); ++i) define(step, i, value_of(std::move(known[i])));
}

/// How often the body runs, `most` times at most, where that follows from integers. The nodes of the condition alone
/// are worked out, turn by turn; once, if no turn changes it.
std::optional<std::int64_t> Follower::count_turns(const Step& step, const Graph& body, std::vector<Value> given,
                                                  std::int64_t most) {
  if (body.outputs.empty()) return std::nullopt;
  const Condition condition = condition_of(body);
  const auto is_closed = [&](const Node* node) { return !has_graph(*node) && !function_of(*node); };
  if (!std::ranges::all_of(condition.nodes, is_closed)) return std::nullopt;
  Context around = inside(step, body);
  enter(body, around);
  const std::size_t values = values_.size(), elements = elements_left_;
  std::int64_t turns = 0;
  bool goes_on = true, told = true;
  while (goes_on && told && turns < most) {
    worked_out_ += condition.nodes.size() + 1;
    if (worked_out_ > kMostWorkedOut) return std::nullopt;
    Context turn = inside(step, body);
    turn.outer = &around;
    given[0].known.elements = {turns++};
    for (std::size_t i = 0; i < body.inputs.size() && i < given.size(); ++i) {
      turn.names.insert_or_assign(body.inputs[i].name, add(given[i]));
    }
    for (const Node* node : condition.nodes) {
      const Node copy = turn.bindings ? bound(*node, *turn.bindings) : *node;
      evaluate(step_of(copy, step.stack, turn));
    }
    const auto made = [&](std::size_t output) {
      const Ref ref = find(body.outputs[output].name, turn);
      return ref == kUnmade ? Known() : known_of(ref);
    };
    const Known next = made(0);
    told = element_of(&next).has_value();
    goes_on = told && *element_of(&next) != 0;
    for (std::size_t state : condition.states) {
      if (state < given.size()) given[state].known = made(state - 1);
    }
    values_.resize(values);
    elements_left_ = elements;
    if (goes_on && condition.states.empty() && !condition.counts) turns = most;
  }
  return told ? std::optional(turns) : std::nullopt;
}

/// Follows a body `times` often, as part of the trace.
std::vector<Value> Follower::run_turns(const Step& step, const Graph& body, std::span<const Value> given,
                                       const Stacks& stacks, Count times) {
  trace_.begin_loop(step.stack, times);
  struct End {
    TraceBuilder& trace;
    ~End() { trace.end_loop(); }
  } end{trace_};
  return run(step, body, given, stacks);
}

/// Whether the turns of a body can be followed one by one.
bool Follower::can_unroll(const Graph& body, const Turns& turns) const {
  const std::size_t size = std::max<std::size_t>(size_of(body), 1);
  return turns.times && static_cast<std::size_t>(*turns.times) <= (kMostUnrolled - unrolled_) / size;
}

/// Turn by turn, each with the sizes and the integers that the one before it leaves.
std::vector<Value> Follower::unroll(const Step& step, const Graph& body, std::vector<Value> given, const Stacks& stacks,
                                    const Turns& turns) {
  unrolled_ += size_of(body) * static_cast<std::size_t>(*turns.times);
  std::vector<Value> out;
  for (std::int64_t turn = 0; turn < *turns.times; ++turn) {
    if (turns.asks) given[0].known.elements = {turn};
    out = run_turns(step, body, given, stacks, 1);
    for (std::size_t i = 0; i < turns.states; ++i) {
      Value& after = out[turns.first_out + i];
      if (!turns.kept[i]) given[turns.first_in + i] = value_of(std::move(after.known));
      after = given[turns.first_in + i];
    }
  }
  return out;
}

}  // namespace thoplw::onnx
