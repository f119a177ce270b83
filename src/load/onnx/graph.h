// Follows the graph of an ONNX file from its inputs on: what each value is, and what each node does.
#pragma once

#include <array>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/build/trace_builder.h"
#include "load/onnx/model.h"
#include "load/onnx/operators.h"
#include "load/onnx/scopes.h"
#include "load/onnx/sizes.h"
#include "load/onnx/weights.h"
#include "operators/rule.h"

namespace thoplw::onnx {

struct Value {
  Known known;
  Id id = kNone;                     ///< in the trace, once an operator reads or writes it
  const TensorData* data = nullptr;  ///< of a weight or a constant, also where its elements were only handed on
  std::size_t origin = 0;            ///< the value that is `data` itself
  bool dequantized = false;          ///< `data` was quantized
  bool fixed = false;                ///< made of constants and sizes alone: not part of the work
  bool product = false;              ///< made by a contraction
  bool of_product = false;           ///< the same, or a product that was scaled since
  bool starts = false;               ///< of what changes from turn to turn of a loop, where it starts
};

inline Value value_of(Known known) {
  Value value;
  value.known = std::move(known);
  return value;
}

/// "Loop 'y'", for messages.
std::string named(const Node& node);

/// An attribute of a call, and what the nodes of its graphs see: what is around the call, not the function's own.
struct Bound {
  const Attribute* attribute = nullptr;
  const Context* home = nullptr;  ///< null for what the function has unless it is given
};
using Bindings = std::unordered_map<std::string_view, Bound>;

/// What goes into a node cannot be: of two branches, it is the other one that runs.
struct CannotRun : Error {
  using Error::Error;
};

/// What nodes of one graph or function see.
struct Context {
  const Context* outer = nullptr;                           ///< of the node that has this graph as an attribute
  std::unordered_map<std::string_view, std::size_t> names;  ///< indexes of values
  std::unordered_map<std::string_view, const ValueInfo*> infos;
  const Opsets* opsets = nullptr;
  const Bindings* bindings = nullptr;  ///< attributes of the function
  int depth = 0;
};

class Follower {
 public:
  Follower(const Model& model, const Sizes& sizes, Scopes& scopes, TraceBuilder& trace);
  void follow();

 private:
  using Ref = std::size_t;                              ///< index of a value
  static constexpr Ref kAbsent = static_cast<Ref>(-1);  ///< an optional input that is left out
  static constexpr Ref kUnmade = static_cast<Ref>(-2);  ///< a name that stands for nothing yet

  /// A node at hand.
  struct Step {
    const Node& node;
    const Frames& stack;
    Context& context;
    std::vector<Ref> in;
    std::vector<const Known*> known;  ///< of each input; null where it is absent
  };

  /// What a branch gives, or why it cannot run.
  struct Branch {
    std::size_t start = 0, end = 0;  ///< its operators in the trace
    std::vector<Value> out;
    std::string error;
  };
  using Stacks = std::vector<const Frames*>;  ///< one for each node of a graph

  /// How often a body runs, and where the values are that each turn hands to the next.
  struct Turns {
    std::optional<std::int64_t> times;  ///< nothing where it hangs on the data
    bool asks = false;                  ///< its first two inputs are the number of the turn, and that there is one
    std::size_t first_in = 0, first_out = 0, states = 0;
    std::vector<bool> kept;  ///< of each state, whether no turn changes it
  };

  // graph.cpp
  void enter(const Graph& graph, Context& context);
  void follow_nodes(std::span<const Node> nodes, Context& context, const Stacks& stacks);
  void follow_node(const Node& node, const Frames& stack, Context& context);
  void spend(std::size_t steps);
  Node bound(const Node& node, const Bindings& bindings) const;
  Ref find(std::string_view name, const Context& context) const;
  std::vector<Ref> inputs(const Node& node, const Context& context) const;
  std::int64_t opset(std::string_view domain, const Context& context) const;
  void operate(Step& step);
  void define(const Step& step, std::size_t output, Value value);
  Ref add(Value value);
  Known known_of(Ref ref) const { return ref == kAbsent ? Known() : values_[ref].known; }
  Known told(std::string_view name, const Context& context) const;
  void infer(const Step& step, const Operator& op, std::span<Known> out) const;
  Step step_of(const Node& node, const Frames& stack, Context& context) const;
  NodeView view(const Step& step) const;
  void keep_elements(Known& known);

  // write.cpp
  void write(const Step& step, const Operator* op, std::span<const Ref> out);
  void write_folded(const Step& step, const Operator& op, std::span<const Ref> out);
  bool adds_bias(const Step& step) const;
  bool reads_table(const Step& step) const;
  std::vector<std::int64_t> constants(const Step& step);
  Id id_of(Ref ref);
  const Value* handed_on(const Step& step) const;
  Id input_of(const Step& step, std::size_t slot, std::size_t place, const Formula* formula);
  bool is_bias(const Step& step, std::size_t slot) const;
  bool scales_product(const Step& step) const;
  Reading reading_of(const Step& step, std::size_t slot);
  void add_unread(const Step& step, const std::vector<int>& read, std::vector<Id>& in);

  // control.cpp
  bool control(Step& step);
  const Function* function_of(const Node& node) const;
  const Graph* body(const Node& node, std::string_view name) const;
  void call(const Step& step, const Function& function);
  static Context inside(const Step& step, const Graph& body);
  std::vector<Value> run(const Step& step, const Graph& body, std::span<const Value> given, const Stacks& stacks);
  void branch(const Step& step);
  Branch try_branch(const Step& step, std::string_view name);
  void choose(const Step& step, Branch& first, Branch& second);
  // loops.cpp
  void loop(const Step& step);
  void scan(const Step& step);
  void map_sequence(const Step& step);
  Value handed(Ref ref) const { return ref == kAbsent ? Value() : values_[ref]; }
  std::vector<Value> repeat(const Step& step, const Graph& body, std::vector<Value>& given, Turns& turns);
  void leave(const Step& step, std::vector<Value> out, const Turns& turns, const std::vector<std::int64_t>& axes);
  void write_unknown(const Step& step, std::string_view op_type);
  // turns.cpp
  void evaluate(const Step& step);
  std::optional<std::int64_t> count_turns(const Step& step, const Graph& body, std::vector<Value> given,
                                          std::int64_t most);
  std::vector<Value> run_turns(const Step& step, const Graph& body, std::span<const Value> given, const Stacks& stacks,
                               Count times);
  bool can_unroll(const Graph& body, const Turns& turns) const;
  std::vector<Value> unroll(const Step& step, const Graph& body, std::vector<Value> given, const Stacks& stacks,
                            const Turns& turns);

  const Model& model_;
  const Sizes& sizes_;
  Scopes& scopes_;
  TraceBuilder& trace_;
  Weights weights_;
  std::deque<Value> values_;
  using FunctionName = std::array<std::string_view, 3>;  ///< name, domain, overload
  std::map<FunctionName, const Function*> functions_;
  std::size_t steps_left_, elements_left_;
  std::size_t unrolled_ = 0, worked_out_ = 0;  ///< nodes so far, for turns of loops
};

}  // namespace thoplw::onnx
