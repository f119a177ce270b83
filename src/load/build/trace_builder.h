// Makes a Trace from what a model file lists: operators, each with the stack of modules that it ran in.
#pragma once

#include <map>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// One level of the module stack of an operator, outermost first. The root may be left out.
struct Frame {
  std::string_view key;   ///< tells the calls of a module apart: "L__self___conv@1"
  std::string_view path;  ///< "layer1.0.conv1"; the root's is empty
  std::string_view cls;   ///< as Python names it: "torch.nn.modules.conv.Conv2d"; "" where the file does not say
};
using Stack = std::span<const Frame>;

struct NewOp {
  std::string name;  ///< "aten::conv2d"
  std::vector<Id> in, out;
  std::vector<Attr> attrs;
};

class TraceBuilder {
 public:
  TraceBuilder();

  Id add_value(Tensor tensor);
  /// Of a value that does not lie in one piece.
  void set_strides(Id value, Dims strides);
  const Tensor& value(Id id) const { return trace_.values[static_cast<std::size_t>(id)]; }

  /// Modules that the file lists beside those that ran, in model order.
  void add_module(std::string_view path);
  /// "layer1.0.conv1.weight". Names that share a value are tied.
  void add_param(std::string_view full_name, Id value, bool buffer, bool trainable);
  void add_op(Stack stack, NewOp op);
  void add_output(Id value) { outputs_.push_back(value); }
  void add_note(std::string note);  ///< each once

  /// What is added until end_loop() runs `times` as often as what is around it. Stacks inside are whole stacks, or
  /// empty for the one of the loop.
  void begin_loop(Stack stack, Count times);
  void end_loop();

  /// Branches: all are added one behind the other, and all but the costliest dropped again.
  std::size_t size() const { return ops_.size(); }
  /// Multiply-adds, and all other work, of the operators in [from, to).
  std::pair<Count, Count> cost(std::size_t from, std::size_t to) const;
  void drop(std::size_t from, std::size_t to);

  /// Sorts modules into model order and operators by call, finds what goes in and out of each call, and takes classes
  /// that the file only names for those of torch.nn that they derive from.
  Trace finish(std::string model, Origin origin, std::string source) &&;

 private:
  /// One call, or the body of a loop in one.
  struct Node {
    Id parent = kNone;
    std::string key, path, cls;
    Count times = 1;
    bool loop = false;
    int depth = 0;
  };
  struct Placed {
    NewOp op;
    Id node = 0;
  };
  struct NamedParam {
    std::string name;
    Id value = kNone;
    bool buffer = false, trainable = false;
  };

  Id node_of(Stack stack);
  Id add_node(Node node, Id parent);
  Id child(Id parent, const Frame& frame);

  Trace trace_;  ///< values and notes; the rest is made at the end
  std::vector<std::string> modules_;
  std::vector<NamedParam> params_;
  std::vector<Node> nodes_;  ///< the root's call first
  std::map<std::pair<Id, std::string>, Id> children_;
  std::vector<Placed> ops_;
  std::vector<Id> outputs_;
  std::set<std::string, std::less<>> noted_;
  std::vector<Id> loops_;  ///< nodes of the loops that are open

  friend class Finisher;
};

}  // namespace thoplw
