// Element types that precision changes, and what follows from such a change.
#pragma once

#include <optional>
#include <span>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// Is it fp32, bf16 or fp16?
bool is_castable(DType type);

/// Gives values other types, and their memory the sizes that follow. Of several values in one piece of memory the first
/// says what that is made of.
class Retyper {
 public:
  explicit Retyper(Trace& trace);
  void set(Id value, DType type);

 private:
  Trace& trace_;
  std::vector<bool> first_;  ///< by value: is it the first in its memory?
};

/// The type that torch promotes floating-point inputs to: those of no dimension only count where there are no others.
/// None where no input is of floating point.
std::optional<DType> promoted(std::span<const Tensor* const> inputs);

}  // namespace thoplw
