// What is asked about a training step.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "count/training/optimizer.h"
#include "operators/backward/grad_op.h"

namespace thoplw {

struct TrainingOptions {
  std::string optimizer = "adamw";
  Implementation implementation = Implementation::automatic;  ///< of the optimizer's step
  bool masters = false;   ///< the optimizer works on copies of the parameters in fp32
  std::string precision;  ///< that the trace is in, in words
  Flavour flavour = {};
  /// Positions, among the tensors that the model gives, of those that the loss reads. None: the first that has a
  /// gradient.
  std::vector<std::size_t> outputs;
  bool all_outputs = false;      ///< the loss reads all of them
  std::uint32_t accumulate = 1;  ///< passes whose gradients are added up before the optimizer's step
  std::uint32_t round = 1;       ///< each piece of memory is rounded up to a multiple of so many bytes

  bool operator==(const TrainingOptions&) const = default;
};

}  // namespace thoplw
