// Follows which module runs: torch.nn.Module.__call__ runs our code while a capture is in progress.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Puts our code in place of that of the function torch.nn.Module.__call__, and of what classes of the model have in
/// its place, for its lifetime; threads without a capture go straight on to the original. So with torch's lookup of
/// rules for a mode, which is Python and runs once per operator, and with what switches autograd on.
class ModuleCalls {
 public:
  explicit ModuleCalls(const Pass& pass);
  ~ModuleCalls();
  /// From now on only so many captures are in progress; where it is none, the original is back.
  static void keep(int count);
  ModuleCalls(const ModuleCalls&) = delete;
  ModuleCalls& operator=(const ModuleCalls&) = delete;
};

/// Runs one module as a call of the trace.
nb::object call_module(Pass& pass, PyObject* module, PyObject* const* args, std::size_t count, PyObject* names);

}  // namespace thoplw::capture
