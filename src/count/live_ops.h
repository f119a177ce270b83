// Which operators have results that somebody reads.
#pragma once

#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// By operator: do the model's results come from it, or does it write to a tensor in place?
std::vector<bool> live_ops(const Trace& trace);

}  // namespace thoplw
