// Operators that take graphs: branches, loops, and regions with a setting of their own.
#pragma once

#include <string>
#include <vector>

#include "load/pt2/graph.h"

namespace thoplw::pt2 {

/// One node. What it runs is added as often as it runs; what cannot be looked into is an operator without a rule.
class HigherOrder {
 public:
  HigherOrder(GraphReader& reader, const Node& node);
  void read();

 private:
  using Values = std::vector<Id>;
  struct Body {
    std::string_view name;
    const Json* graph = nullptr;
  };
  struct Kind {
    std::string_view name;
    bool (HigherOrder::*read)();  ///< false where the node is not as it should be
  };
  static const Kind kKinds[];

  void add_operand(const Tagged& argument);
  Values flat() const;
  Count steps(const Values& sequences, std::int64_t dim) const;
  Values run(const Body& body, const Values& inputs, std::size_t first_slice = 0, std::size_t end_slice = 0);
  void bind_results(const Values& results, std::size_t count);
  void stack_results(const Values& results, std::size_t from);
  void add(std::string name, Values in, Values out);
  Values result_values();
  void note(const std::string& text);

  bool branches();
  bool once();
  bool mapped();
  bool scanned();
  bool combined();
  bool while_loop();
  bool wrapped();

  GraphReader& reader_;
  TraceBuilder& trace_;
  const Node& node_;
  std::vector<Frame> stack_;
  std::vector<Body> bodies_;
  std::vector<Values> lists_;  ///< tensors among the operands, behind the graph if there is one; each list apart
  std::vector<std::string_view> results_;
  std::string_view operator_;  ///< target of an operator among the operands
  std::int64_t integer_ = 0;   ///< the first behind the graph
};

}  // namespace thoplw::pt2
