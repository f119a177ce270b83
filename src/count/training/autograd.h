// What autograd records of a pass, and which of it a loss needs: derived from the trace of the forward.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "count/training/options.h"
#include "trace/trace.h"

namespace thoplw {

struct Autograd {
  /// By operator: autograd records it, as one of its inputs requires a gradient and nothing switched recording off.
  std::vector<std::uint8_t> recorded;
  std::vector<std::uint8_t> held;  ///< by operator: recorded, and a result of the model depends on it
  std::vector<std::uint8_t> live;  ///< by operator: held, and the loss depends on it: its backward runs
  /// By region, where it is a function: the same three.
  std::vector<std::uint8_t> region_recorded, region_held, region_live;
  std::vector<std::uint8_t> wanted;  ///< by value: the loss has a gradient with respect to it
  std::vector<Id> loss;              ///< the values that the loss reads
  std::vector<Id> unrecorded;        ///< reentrant checkpoints of which no input has a gradient: they record nothing
  std::vector<Id> function_of;       ///< by operator: the innermost region around it that is a function, or kNone

  /// By input of the operator: does it require a gradient?
  std::span<const std::uint8_t> needs(Id op) const {
    const std::size_t begin = first_input_[static_cast<std::size_t>(op)];
    return std::span(needs_).subspan(begin, first_input_[static_cast<std::size_t>(op) + 1] - begin);
  }

 private:
  friend class AutogradWalk;
  std::vector<std::uint8_t> needs_;       ///< of all operators' inputs, one after another
  std::vector<std::size_t> first_input_;  ///< by operator; one more at the end
};

/// Throws Error where an output that the loss is to read is not there, or has no gradient.
Autograd autograd_of(const Trace& trace, const TrainingOptions& options);

/// What a value's requires_grad says after the operators of the trace, which may be those so far.
bool requires_grad(const Trace& trace, Id value);

}  // namespace thoplw
