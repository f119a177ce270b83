// What is alive from moment to moment in a forward that keeps nothing for backward.
#pragma once

#include <vector>

#include "count/memory/alive_memory.h"
#include "operators/backward/grad_op.h"
#include "trace/trace.h"

namespace thoplw {

/// What operators make inside and free before they end, as torch takes them apart.
struct Temporaries {
  std::vector<Count> bytes;  ///< by operator
  std::vector<Id> unknown;   ///< operators of which nothing says what that is
};
Temporaries temporaries_of(const Trace& trace, Flavour flavour);

/// Plays the pass: one entry of `memory` for each operator, with the most that is alive while it runs.
void walk_forward(const Trace& trace, const Temporaries& temporaries, AliveMemory& memory);

}  // namespace thoplw
