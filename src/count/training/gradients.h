// Gradients on their way through a backward: where each lies, and what comes of two for one tensor.
#pragma once

#include <vector>

#include "count/memory/alive_memory.h"
#include "count/training/autograd.h"
#include "operators/backward/flow.h"
#include "trace/trace.h"

namespace thoplw {

class Gradients {
 public:
  /// `exist`: those of parameters are there already, from an earlier pass.
  Gradients(const Trace& trace, const Autograd& autograd, AliveMemory& memory, bool exist);

  /// The gradient of a value. Nothing is added in place to one that is a view: what it is a view of is there too.
  struct Gradient {
    AliveMemory::Index piece = AliveMemory::kNoPiece;
    bool view = false;
  };

  const Gradient& of(Id value) const { return at(gradient_, value); }
  /// The first that there is.
  Gradient of_any(const std::vector<Id>& values) const;

  /// That of the loss.
  void start(Id value);
  /// The operator makes one of its input; `incoming`: that of its output.
  void make(Id value, GradientFlow flow, Gradient incoming, Id op);
  /// The gradients that came in are gone, and those that were made are handed on.
  void finish(const std::vector<Id>& out);
  /// What was written into later has a gradient that none of its own backward takes: zeros, filled piece by piece.
  void forget(const Op& op);

 private:
  static constexpr int kNoParameter = -1;

  struct Made {
    Id value;
    Gradient gradient;
  };

  Count size_of(Id value) const { return known_bytes(at(trace_.values, value)).value_or(0); }
  void count_uses(const Autograd& autograd);
  void give(const Made& made);
  void settle(Id value);
  void drop(Id value);

  const Trace& trace_;
  AliveMemory& memory_;
  bool exist_;
  std::vector<int> uses_;           ///< by value: of a parameter, gradients of it that have not arrived yet
  std::vector<Gradient> gradient_;  ///< by value: that has arrived so far
  std::vector<Made> made_;
};

}  // namespace thoplw
