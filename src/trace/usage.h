// Which modules of a trace were used: called, or a parameter of theirs read by an operator.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

struct Usage {
  std::vector<int> calls;      ///< by module
  std::vector<bool> read;      ///< by module: not called, but a parameter was read that no called module owns
  std::vector<Id> first_call;  ///< by module, kNone if it never ran
  std::vector<Id> last_call;   ///< the same

  bool called(Id module) const { return at(calls, module) > 0; }
  bool used(Id module) const { return called(module) || at(read, module); }
};

Usage find_usage(const Trace& trace);

/// The module in whose row parameters of `module` show. One that was only read has no row: the nearest module around it
/// that was called has them.
Id row_of(const Trace& trace, const Usage& usage, Id module);

/// By value: is it a parameter or buffer, or made of such alone?
std::vector<bool> made_of_weights(const Trace& trace);

/// The first that is a tensor, of what goes into a call or comes out.
std::optional<Tensor> first_tensor(const Trace& trace, const std::vector<Id>& ids);

/// Outermost modules with parameters that nothing used.
std::vector<std::string> unused_modules(const Trace& trace, const Usage& usage);

}  // namespace thoplw
