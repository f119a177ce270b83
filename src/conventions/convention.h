// Conventions: what work is worth, module by module, and which tensors are parameters. One row each.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "conventions/param_policy.h"
#include "conventions/prices.h"
#include "conventions/unit.h"
#include "operators/op_view.h"
#include "operators/work.h"
#include "trace/trace.h"

namespace thoplw {

/// One call of a module as a class rule reads it: its tensors, its parameters and the work that it did itself.
struct CallView {
  const Trace& trace;
  const Call& call;
  const Work& own;                       ///< of its own operators, inner calls left out
  std::span<const Param* const> params;  ///< of its own module, buffers too
  std::span<const OpView> ops;           ///< its own operators, in order

  bool has_in(std::size_t i) const { return i < call.in.size(); }
  const Tensor& in(std::size_t i = 0) const;  ///< throws Error if the call has no such tensor
  const Tensor& out(std::size_t i = 0) const;
  const Tensor* param(std::string_view name) const;  ///< null if the module has none of that name
  /// The same; where a file has lost that name, the i-th input of the convolution that the module is.
  const Tensor* param_or_input(std::string_view name, std::size_t i) const;
};

/// A cost that is told in numbers, as users tell theirs.
struct Terms {
  std::uint64_t inputs = 0;       ///< per element of the first tensor that goes in
  std::uint64_t outputs = 0;      ///< per element of the first tensor that comes out
  std::uint64_t parameters = 0;   ///< per element of the module's own parameters
  Kind pays = Kind::elementwise;  ///< the kind of work that these three pay
  Prices prices{};                ///< of its own work
};

/// What a call of a module costs, instead of all that it did itself. Costs are told by the kind of work that they pay.
struct ClassRule {
  std::string_view cls;  ///< "torch.nn.Linear"
  Work (*cost)(const CallView&);
  bool besides = false;          ///< what its operators cost is added
  const Terms* terms = nullptr;  ///< if there are some, instead of `cost`
};

/// What an operator costs, instead of the price of its work.
struct OpRule {
  std::string_view name;  ///< ATen name without overload; serves the in-place form too
  Work (*cost)(const OpView&);
  const Terms* terms = nullptr;  ///< if there are some, instead of `cost`
};

/// Who pays a cost, and how often.
struct Charge {
  Id module = 0;           ///< in whose row it shows
  Count times = 1;         ///< for the places of the tree that have the module
  bool per_sample = true;  ///< it is shared among the samples, if the convention does that
};

/// The tool whose numbers a convention gives.
struct Tool {
  std::string_view version;  ///< "thop 0.1.1.post2209072238": what it was checked against
  std::string_view source;   ///< where its code is
  std::string_view gaps;     ///< what it leaves out or gets wrong, and the convention with it
};

struct Convention {
  std::string_view name;
  std::string_view doc;  ///< one line: what it counts
  Unit unit = Unit::mac;
  Prices prices{};  ///< of work for which there is no rule
  std::span<const ClassRule> class_rules{};
  /// If set: fills in rules of modules whose class has none; by module, null: none.
  void (*more_class_rules)(const Trace&, std::vector<const ClassRule*>& rules) = nullptr;
  std::span<const OpRule> op_rules{};
  bool subclasses = true;        ///< class rules serve subclasses too
  bool last_call = false;        ///< of the calls of a module with a class rule only the last one counts
  bool only_live = false;        ///< operators cost nothing whose results nobody reads: traced graphs do not have them
  bool per_sample = false;       ///< costs are shared among the samples: the root's first size
  InPlaces in_places = nullptr;  ///< how often costs of a module count; null: once
  void (*op_charge)(Charge&) = nullptr;  ///< if set: changes who pays for an operator
  ParamPolicy params{};
  Tool tool{};  ///< empty: a convention of our own. What a tool has no rule for costs nothing there, and is said

  bool is_tool() const { return !tool.version.empty(); }
};

/// All of them, sorted by name.
std::span<const Convention* const> conventions();

/// Throws Error("unknown convention 'exakt'; did you mean 'exact'? known: exact flops ...").
const Convention& find_convention(std::string_view name);

}  // namespace thoplw
