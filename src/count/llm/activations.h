// What is alive while the passes of a language model run, besides its weights and its cache.
#pragma once

#include <vector>

#include "count/llm/on_devices.h"

namespace thoplw {

/// Bytes at most, where the cache takes as much as it does after the prompts, all the time.
struct PassActivations {
  Count whole;                  ///< of one large device
  std::vector<Count> by_stage;  ///< of one device of each group
};

struct Activations {
  PassActivations prefill, decode;
  std::vector<std::string> unknown;  ///< operators of which nothing says what they make inside
};

/// Of the sequences that go through at once. Throws Error where the trace does not say how long tensors live.
Activations activations_of(const OnDevices& model);

}  // namespace thoplw
