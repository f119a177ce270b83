// Follows the graph of an exported program, and the graphs within it, into a Trace.
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "load/build/trace_builder.h"
#include "load/pt2/json.h"
#include "load/pt2/sizes.h"
#include "load/pt2/stack.h"
#include "operators/rule.h"

namespace thoplw::pt2 {

/// The tensors of one graph by name.
class Scope {
 public:
  /// All must outlive this.
  Scope(const Json& graph, TraceBuilder& trace, Sizes& sizes);

  const Json& graph() const { return graph_; }
  /// The value of that name, made of what the graph says of it where it is not bound. Throws Error where it says
  /// nothing.
  Id id(std::string_view name);
  void bind(std::string_view name, Id id) { values_[name].id = id; }
  Tensor tensor(std::string_view name) const;
  bool requires_grad(std::string_view name) const;
  /// Of a SymIntArgument: {"as_int": 3} or {"as_name": "sym_size"}.
  std::int64_t number(const Json& argument) const;

 private:
  struct Value {
    const Json* meta = nullptr;
    Id id = kNone;
  };
  const Json& meta(std::string_view name) const;
  /// None where it lies in one piece, or the file does not say.
  Dims strides(std::string_view name, const Tensor& tensor) const;

  const Json& graph_;
  TraceBuilder& trace_;
  Sizes& sizes_;
  std::unordered_map<std::string_view, Value> values_;
  mutable std::unordered_map<std::string_view, const Json*> integers_;  ///< sym_int_values, once one was asked for
};

/// Calls `visit` with the name of each tensor of an argument, in order; with an empty one for what is absent.
template <class Visit>
void each_tensor(const Tagged& argument, const Visit& visit) {
  const auto& [tag, value] = argument;
  if (tag == "as_tensor") {
    visit(text_of(*value, "name"));
  } else if (tag == "as_tensors") {
    for (const Json& item : items(*value)) visit(text_of(item, "name"));
  } else if (tag == "as_optional_tensor") {
    const Tagged choice = tagged(*value);
    visit(choice.tag == "as_tensor" ? text_of(*choice.value, "name") : std::string_view());
  } else if (tag == "as_optional_tensors") {
    for (const Json& item : items(*value)) each_tensor({"as_optional_tensor", &item}, visit);
  } else if (tag == "as_nested_tensors") {
    for (const Json& item : items(*value)) each_tensor({"as_tensors", &item}, visit);
  } else if (tag == "as_none" || tag.empty()) {
    visit(std::string_view());
  }
}

/// A node with what is known where it stands.
struct Node {
  const Json& json;
  std::string_view target;
  Scope& scope;
  Stack stack;
};

class GraphReader {
 public:
  GraphReader(TraceBuilder& trace, Sizes& sizes, Stacks& stacks) : trace_(trace), sizes_(sizes), stacks_(stacks) {}

  /// Says that a module holds this parameter or buffer. Before read(); `module` must outlive this.
  void add_owner(Id value, std::string_view module);

  /// Adds the operators of the graph of `scope`. Nodes that name no module ran in those of `around`.
  void read(Scope& scope, Stack around);

  bool is_used(Id value) const { return used_.contains(value); }
  /// Parameters and buffers that operators of other modules took: the module of the operator, and the value.
  const std::vector<std::pair<std::string, Id>>& borrowed() const { return borrowed_; }

 private:
  friend class HigherOrder;

  /// What a target is called in a trace, and its row.
  struct Target {
    std::string name;  ///< "aten::conv2d"
    const Rule* rule = nullptr;
    bool higher_order = false;
    bool python = false;    ///< "_operator.mul"
    bool in_place = false;  ///< its result is its first tensor
  };

  const Target& target_of(std::string_view text);
  void read_node(const Json& json, Scope& scope, Stack around);
  void read_python(const Node& node, NewOp op);
  void read_vmap(const Node& node, NewOp op);
  NewOp operator_of(const Json& json, const Target& target, Scope& scope);
  void add_results(const Json& json, const Target& target, Scope& scope, NewOp& op);
  Stack stack_of(const Json& json, const NewOp& op, const Target& target, Stack around);
  Stack guessed(const NewOp& op, Stack around);
  std::string_view owner_of(const NewOp& op) const;
  Mark mark_of(const NewOp& op, const Rule* rule, Stack stack) const;
  void note_params(const NewOp& op, Stack stack);

  TraceBuilder& trace_;
  Sizes& sizes_;
  Stacks& stacks_;
  int depth_ = 0;    ///< of the graph that is read
  int loops_ = 0;    ///< that are open in it
  int guesses_ = 0;  ///< calls that no node tells apart
  std::unordered_map<std::string_view, Target> targets_;
  std::unordered_map<Id, std::string_view> owners_;
  std::unordered_set<std::string_view> holders_;  ///< modules with parameters or buffers
  std::unordered_set<Id> used_;
  std::vector<std::pair<std::string, Id>> borrowed_;
  std::vector<Frame> guessed_;
  std::deque<std::string> texts_;
};

}  // namespace thoplw::pt2
