// Memory over time: of a forward, or of a step of training.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"
#include "trace/dtype.h"
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

/// A piece of memory that is alive.
struct Alive {
  std::string what;  ///< "activation", "gradient", ...
  std::string path;  ///< of the module that made it
  std::string op;    ///< the operator that made it: "aten::conv2d"
  Count bytes;

  bool operator==(const Alive&) const = default;
};

struct MemoryOverTime {
  Count buffers, inputs;         ///< bytes
  Count peak;                    ///< bytes at most alive
  bool exact = true;             ///< false: bytes are lower bounds, as nothing says what some operators keep or make
  std::vector<Moment> timeline;  ///< none: it is not known
  std::vector<Alive> at_peak;    ///< the largest first
  Moment peak_moment;
  std::vector<std::string> unknown;  ///< operators of which nothing says what they keep or make

  bool operator==(const MemoryOverTime&) const = default;
};

/// Bytes of tensors of one element type.
struct BytesOfType {
  DType type = DType::f32;
  Count bytes;

  bool operator==(const BytesOfType&) const = default;
};

/// How it is known when memory is freed.
enum class LifetimePolicy : std::uint8_t {
  observed,  ///< as it was while the model ran: Python's variables hold tensors
  last_use,  ///< each piece right after the last operator that reads it: as a runtime of graphs does
};

constexpr std::string_view name(LifetimePolicy lifetimes) {
  return lifetimes == LifetimePolicy::observed ? "observed" : "last-use";
}

/// What a forward without gradients needs.
struct Inference : MemoryOverTime {
  LifetimePolicy lifetimes = LifetimePolicy::observed;
  std::string precision;  ///< that it was asked for in; empty: that of the model
  std::string attention;  ///< the kernel that attention is taken to run; empty: there is none
  std::string processor;  ///< "cpu" or "cuda"
  std::vector<BytesOfType> weights_by_type, buffers_by_type;  ///< the most first
  Count weights;                                              ///< bytes
  Count outputs;                                              ///< bytes of what the model gives, where the pass made it
  Count activations_peak;                                     ///< bytes at most alive of what the pass made
  Count retained;              ///< bytes of what the pass made, that outlives it, and that the model does not give
  std::vector<Alive> outlive;  ///< the pieces of that, the largest first

  bool operator==(const Inference&) const = default;
};

}  // namespace thoplw
