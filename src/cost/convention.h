// Conventions: what work is worth, module by module, and which tensors are parameters. One row each.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <vector>

#include "cost/rule.h"
#include "cost/work.h"
#include "trace/trace.h"

namespace thoplw {

enum class Unit : std::uint8_t { mac, flop };

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
};

struct ClassRule {
  std::string_view cls;  ///< "torch.nn.Linear"; serves subclasses too
  Count (*cost)(const CallView&);
};

/// Which tensors count as parameters.
struct ParamPolicy {
  bool only_used = false;        ///< leave out modules that neither ran nor had a parameter read
  bool norm_statistics = false;  ///< a batch norm's running mean and variance count too
};

struct Convention {
  std::string_view name;
  std::string_view doc;  ///< one line: what it counts
  Unit unit = Unit::mac;
  std::array<std::uint8_t, kKinds> price{};  ///< per unit of work of each kind, where no class rule applies
  std::span<const ClassRule> class_rules;
  ParamPolicy params;
};

std::span<const Convention> conventions();

/// Throws Error("unknown convention 'exakt'; did you mean 'exact'? known: exact thoplw").
const Convention& find_convention(std::string_view name);

}  // namespace thoplw
