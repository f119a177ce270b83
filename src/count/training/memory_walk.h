// What is alive from moment to moment in a step of training: the forward as it was observed, and its backward.
#pragma once

#include <vector>

#include "count/memory/alive_memory.h"
#include "count/training/autograd.h"
#include "count/training/pass_kept.h"
#include "trace/trace.h"

namespace thoplw {

struct WalkOptions {
  bool gradients_exist = false;  ///< those of parameters are there already, from an earlier pass
  Count round = 1;               ///< bytes of each piece of memory are rounded up to a multiple
};

/// One entry for each operator of the forward and for each whose backward runs: the most that is alive while it does.
std::vector<Breath> memory_walk(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                                const WalkOptions& options);

/// What is alive at the given entry of that walk.
std::vector<AliveAt> alive_at(const Trace& trace, const Autograd& autograd, const PassKept& kept, Flavour flavour,
                              const WalkOptions& options, std::size_t entry);

}  // namespace thoplw
