// What autograd keeps of a pass for backward, operator by operator.
#pragma once

#include <vector>

#include "count/training/autograd.h"
#include "count/training/options.h"
#include "trace/trace.h"

namespace thoplw {

struct PassKept {
  /// A piece of memory that is kept: one of the trace, or a fresh one.
  struct Item {
    Id storage = kNone;
    Count bytes;
  };
  struct OfOp {
    std::vector<Item> items;
    Count temporary;     ///< bytes that its forward makes inside and frees
    bool makes = false;  ///< it keeps something besides its inputs
  };
  std::vector<OfOp> ops;                   ///< by operator
  std::vector<std::vector<Item>> regions;  ///< by region
  std::vector<Id> checkpoint_of;           ///< by operator: the outermost checkpoint around it, or kNone
  std::vector<Id> unknown;                 ///< operators that are recorded, and of which nothing says what they keep
};

/// Of a trace whose memory was not observed, each value lies in memory of its own.
PassKept kept_of(const Trace& trace, const Autograd& autograd, Flavour flavour);

/// Behind which operator a checkpoint stops that runs again. A reentrant one runs to its end; others stop at the last
/// operator that keeps anything. If that keeps inputs alone, they are kept before it runs, and it does not run.
Id recompute_end(const Autograd& autograd, const PassKept& kept, const Region& region);

}  // namespace thoplw
