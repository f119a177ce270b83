// What a forward may set for the whole process besides torch's settings: hooks of all modules, how numbers are printed,
// filters of warnings, arithmetic of the processor, the depth of calls.
#pragma once

#include <cfenv>

#include "capture/kept.h"

namespace thoplw::capture {

/// Keeps them, and puts those back that are others at the end of its life.
class Process {
 public:
  explicit Process(const TorchApi& api);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

 private:
  /// NumPy 1 keeps for itself how it prints and what it does about errors; from 2 on that is part of the context.
  void keep_numpy();

  KeptStates tables_;  ///< dictionaries and lists
  nb::object filters_;
  nb::object numpy_errors_;        ///< of NumPy 1
  std::vector<nb::object> items_;  ///< of the filters
  std::fenv_t arithmetic_{};       ///< of this thread: torch.set_flush_denormal sets some of it
  int depth_ = Py_GetRecursionLimit();
};

}  // namespace thoplw::capture
