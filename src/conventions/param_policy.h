// Which tensors count as parameters.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "trace/trace.h"
#include "trace/usage.h"

namespace thoplw {

struct Convention;

/// A model's parameters, as conventions look at them.
struct ParamView {
  const Trace& trace;
  const Convention& convention;
  const Usage& usage;
  const std::vector<bool>& leaf;  ///< by module: has it no module inside?
};

/// What a parameter must be to count. One row each.
struct ParamTest {
  std::string_view name;  ///< in files of users: "only_used"; empty: one tool alone has it
  std::string_view doc;   ///< "of modules that ran"
  bool (*passes)(const ParamView&, const Param&);
  bool each_time = false;  ///< tied parameters count in each module that has them
};

namespace param_tests {
extern const ParamTest kOnlyClasses;    ///< of modules that ran and have a class rule, but for the root
extern const ParamTest kOnlyLeaves;     ///< of modules that ran and have none inside
extern const ParamTest kOnlyTrainable;  ///< but buffers, if these count at all
extern const ParamTest kOnlyUsed;       ///< of modules that ran or had a parameter read
}  // namespace param_tests

/// Those that have a name, sorted by it.
std::span<const ParamTest* const> named_param_tests();

/// How one tool counts, if in no other tool's way: elements by module.
struct ParamCount {
  std::string_view doc;  ///< one or two sentences
  std::vector<Count> (*by_module)(const ParamView&);
};

/// How often a module counts that is in several places of the tree.
using InPlaces = Count (*)(Count places);
inline Count in_each(Count places) { return places; }

struct ParamPolicy {
  std::span<const ParamTest* const> only{};  ///< parameters count that pass all of these
  bool norm_statistics = false;              ///< a batch norm's running mean and variance count too
  InPlaces in_places = nullptr;              ///< null: once
  const ParamCount* instead = nullptr;       ///< of all this
};

}  // namespace thoplw
