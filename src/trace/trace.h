// The Trace: what a model did in one pass, as plain records that refer to each other by index.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "trace/attr.h"
#include "trace/id.h"
#include "trace/memory.h"
#include "trace/tensor.h"

namespace thoplw {

/// A module class. Names are qualified; those of torch are short: "torch.nn.Conv2d".
struct Class {
  std::string name;
  std::vector<std::string> bases;  ///< nearest first, up to and without torch.nn.Module
};

/// One module, in named_modules() order: the root is first and its path is empty.
struct Module {
  std::string path;
  Id cls = kNone;
  Id parent = kNone;
  Count places = 1;  ///< in how many places of the tree it is; only the first has a path here
};

/// A parameter or buffer. Names that share one tensor are tied: they hold the same value.
struct Param {
  std::string name;  ///< within its module: "weight"
  Id module = kNone;
  Id value = kNone;
  bool buffer = false;
  bool trainable = false;
};

/// One time that a module ran. Its operators are ops[first_op, end_op), those of inner calls among them.
struct Call {
  Id module = kNone;
  Id parent = kNone;  ///< the call around this one
  Id first_op = 0;
  Id end_op = 0;
  std::vector<Id> in, out;      ///< values, in the order met in arguments and result
  std::optional<Count> custom;  ///< what the user's own function said that this call costs
  Count times = 1;              ///< how often it ran in all, just like this: the body of a loop of known length
};

/// One operator that ran, by the innermost call that it ran in.
struct Op {
  Id name = kNone;  ///< into Trace::op_names
  Id call = kNone;
  std::vector<Id> in;  ///< values; tensor lists are flattened, kNone is an absent optional tensor
  std::vector<Id> out;
  std::vector<Attr> attrs;  ///< only those that a formula reads (Rule::attrs)
  bool grad = true;         ///< false: it ran where autograd was switched off
};

/// Operators that autograd treats as one: what runs inside is not recorded for backward.
struct Region {
  enum class Kind : std::uint8_t {
    checkpoint,  ///< of torch.utils.checkpoint: runs again in backward, up to the last operator that keeps anything
    reentrant,   ///< the same, and all of it runs again
    function,    ///< a torch.autograd.Function: its backward is code of its author
  };
  Kind kind = Kind::checkpoint;
  std::string name;  ///< of the function's class
  Id first_op = 0;   ///< its operators are ops[first_op, end_op)
  Id end_op = 0;
  std::vector<Id> in, out;  ///< values, in the order met in arguments and results
  std::vector<Id> kept;     ///< values that it keeps for backward

  bool operator==(const Region&) const = default;
};

/// What a trace was made from.
enum class Origin : std::uint8_t {
  text,  ///< nothing that is known: it was written by hand
  live,  ///< a model that ran
  pt2,
  onnx,
  safetensors,
};

struct Trace {
  std::string model;  ///< class name of the root: "ResNet"
  Origin origin = Origin::text;
  std::string source;  ///< the same for people, with versions: "torch 2.13.0"
  std::vector<Class> classes;
  std::vector<Module> modules;
  std::vector<Tensor> values;
  std::vector<Param> params;
  std::vector<Call> calls;            ///< in the order in which they began
  std::vector<std::string> op_names;  ///< ATen names without overload: "aten::conv2d"
  std::vector<Op> ops;
  bool training = false;        ///< the model was in training mode, and what follows was observed
  std::vector<Region> regions;  ///< in the order in which they began
  MemoryRecord memory;
  std::vector<std::string> notes;  ///< notices of the front end, such as a fallback

  const std::string& op_name(const Op& op) const { return at(op_names, op.name); }
  const Class& class_of(Id module) const { return at(classes, at(modules, module).cls); }
  /// The attribute of that name, or null.
  static const AttrValue* attr(const Op& op, std::string_view name);
};

/// By module: has it no module inside?
std::vector<bool> leaves(const Trace& trace);

}  // namespace thoplw
