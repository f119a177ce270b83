// Lifetimes as a runtime of graphs has them: memory is free again right after the last operator that reads it.
#pragma once

#include "trace/trace.h"

namespace thoplw {

/// The trace with memory that ends so. Where its memory was observed, tensors lie as they did, and what outlived the
/// pass still does; else each value lies in memory of its own, but for views. False where the bytes of some value are
/// not known: then it has none.
bool free_after_last_use(Trace& trace);

}  // namespace thoplw
