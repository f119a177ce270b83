// Gathers operators in a tree of their module stacks; its nodes are the calls.
#include "load/build/trace_builder.h"

#include <algorithm>

#include "load/build/trace_finisher.h"
#include "operators/rule.h"

namespace thoplw {
namespace {

constexpr int kDeepest = 1000;  ///< as in the text of a trace

}  // namespace

TraceBuilder::TraceBuilder() { nodes_.emplace_back(); }

void TraceBuilder::set_strides(Id value, Dims strides) {
  std::vector<Place>& places = trace_.memory.places;
  if (places.size() <= static_cast<std::size_t>(value)) places.resize(static_cast<std::size_t>(value) + 1);
  places[static_cast<std::size_t>(value)].strides = std::move(strides);
}

Id TraceBuilder::add_value(Tensor tensor) {
  trace_.values.push_back(std::move(tensor));
  return static_cast<Id>(trace_.values.size() - 1);
}

void TraceBuilder::add_module(std::string_view path) {
  if (!path.empty()) modules_.emplace_back(path);
}

void TraceBuilder::add_param(std::string_view full_name, Id value, bool buffer, bool trainable) {
  params_.push_back({std::string(full_name), value, buffer, trainable});
}

void TraceBuilder::add_note(std::string note) {
  if (noted_.insert(note).second) trace_.notes.push_back(std::move(note));
}

Id TraceBuilder::child(Id parent, const Frame& frame) {
  const auto next = static_cast<Id>(nodes_.size());
  const auto [found, fresh] = children_.try_emplace({parent, std::string(frame.key)}, next);
  if (!fresh) return found->second;
  Node node;
  node.key = frame.key;
  node.path = frame.path;
  node.cls = frame.cls;
  node.times = nodes_[static_cast<std::size_t>(parent)].times;
  return add_node(std::move(node), parent);
}

Id TraceBuilder::add_node(Node node, Id parent) {
  node.parent = parent;
  node.depth = nodes_[static_cast<std::size_t>(parent)].depth + 1;
  if (node.depth > kDeepest) throw Error("calls and loops are nested more than 1000 deep; the file is damaged");
  nodes_.push_back(std::move(node));
  return static_cast<Id>(nodes_.size() - 1);
}

/// Inside of a loop a stack goes on from that of the loop, as far as both are the same.
Id TraceBuilder::node_of(Stack stack) {
  Id node = 0;
  if (!stack.empty() && stack.front().path.empty()) {
    if (nodes_.front().cls.empty()) nodes_.front().cls = stack.front().cls;
    stack = stack.subspan(1);
  }
  if (!loops_.empty()) {
    node = loops_.back();
    std::vector<const Node*> around;
    for (Id at = node; at > 0; at = nodes_[static_cast<std::size_t>(at)].parent) {
      const Node& level = nodes_[static_cast<std::size_t>(at)];
      if (!level.loop) around.push_back(&level);
    }
    std::ranges::reverse(around);
    std::size_t same = 0;
    while (same < around.size() && same < stack.size() && around[same]->key == stack[same].key) ++same;
    stack = stack.subspan(same);
  }
  for (const Frame& frame : stack) node = child(node, frame);
  return node;
}

void TraceBuilder::add_op(Stack stack, NewOp op) {
  const Id node = node_of(stack);
  ops_.push_back({std::move(op), node});
}

void TraceBuilder::begin_loop(Stack stack, Count times) {
  const Id around = node_of(stack);
  Node loop = nodes_[static_cast<std::size_t>(around)];
  loop.times *= times;
  loop.loop = true;
  loops_.push_back(add_node(std::move(loop), around));
}

void TraceBuilder::end_loop() { loops_.pop_back(); }

std::pair<Count, Count> TraceBuilder::cost(std::size_t from, std::size_t to) const {
  Count contractions = 0, others = 0;
  for (std::size_t i = from; i < to; ++i) {
    const auto& [op, node] = ops_[i];
    const Rule* rule = find_rule(op.name);
    if (!rule) continue;
    const Op view{.name = kNone, .call = kNone, .in = op.in, .out = op.out, .attrs = op.attrs};
    try {
      const Work work = rule->formula({trace_, view}) * nodes_[static_cast<std::size_t>(node)].times;
      contractions += work.products();
      for (std::size_t kind = static_cast<std::size_t>(Kind::bias); kind < kKinds; ++kind) others += work.by_kind[kind];
    } catch (const Error&) {  // said when it is counted
    }
  }
  return {contractions, others};
}

void TraceBuilder::drop(std::size_t from, std::size_t to) {
  ops_.erase(ops_.begin() + static_cast<std::ptrdiff_t>(from), ops_.begin() + static_cast<std::ptrdiff_t>(to));
}

}  // namespace thoplw
