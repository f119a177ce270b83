// What a forward may set for the whole process besides torch's settings: hooks of all modules, how numbers are printed,
// filters of warnings, arithmetic of the processor, the depth of calls.
#pragma once

#include <cfenv>

#include "capture/kept.h"

namespace thoplw::capture {

/// Keeps these settings. Its destructor puts back those that have changed.
class Process {
 public:
  explicit Process(const TorchApi& api);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

 private:
  /// How NumPy prints, and what it does about errors. NumPy 1 has variables of its own for this; in NumPy 2 it is part
  /// of Python's context.
  void keep_numpy();

  KeptStates tables_;  ///< dictionaries and lists
  nb::object filters_;
  nb::object numpy_errors_;        ///< of NumPy 1
  std::vector<nb::object> items_;  ///< of the filters
  std::fenv_t arithmetic_{};       ///< of this thread: torch.set_flush_denormal sets some of it
  int depth_ = Py_GetRecursionLimit();
};

}  // namespace thoplw::capture
