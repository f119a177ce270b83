// What a step of training needs besides what its rows tell: memory over time.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "trace/id.h"

namespace thoplw {

enum class Phase : std::uint8_t { forward, backward, optimizer };

constexpr std::string_view name(Phase phase) {
  return phase == Phase::forward ? "forward" : phase == Phase::backward ? "backward" : "optimizer";
}

/// Bytes that are alive at one moment.
struct Moment {
  Phase phase = Phase::forward;
  Id row = 0;        ///< the module whose operator runs
  Count parameters;  ///< with buffers, inputs and master weights
  Count gradients;
  Count states;
  Count activations;  ///< with gradients of activations, and what the optimizer makes for a moment

  Count sum() const { return parameters + gradients + states + activations; }
  bool operator==(const Moment&) const = default;
};

/// A piece of memory that is alive at the peak.
struct Alive {
  std::string what;  ///< "activation", "gradient", ...
  std::string path;  ///< of the module that made it
  std::string op;    ///< the operator that made it: "aten::conv2d"
  Count bytes;

  bool operator==(const Alive&) const = default;
};

struct Training {
  std::string optimizer;
  std::string precision;
  std::string attention;  ///< the kernel that attention is taken to run; empty: there is none
  std::string processor;  ///< "cpu" or "cuda"
  std::uint32_t accumulate = 1;
  Count buffers, inputs, masters;  ///< bytes
  Count transient;                 ///< bytes that the optimizer's step makes and frees
  Count forward_peak;     ///< bytes at most alive in a forward without gradients: parameters, buffers, inputs too
  Count peak_first_step;  ///< bytes at most alive in the first step, when the optimizer has no states yet
  Count peak;             ///< the same of every later step
  bool exact = true;      ///< false: bytes are lower bounds, as nothing says what some operators keep
  std::vector<Moment> timeline;  ///< of a later step
  std::vector<Alive> at_peak;    ///< the largest first
  Moment peak_moment;
  std::vector<std::string> unknown;  ///< operators of which nothing says what they keep

  bool operator==(const Training&) const = default;
};

}  // namespace thoplw
