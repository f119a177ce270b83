// Brings records that were put at the end of a trace into their order.
#pragma once

#include "trace/trace.h"

namespace thoplw {

/// Modules as named_modules() has them, and parameters in the order of their modules.
void order_modules(Trace& trace);

/// Calls in the order in which they begin. One that was put at the end is inside of those that begin with it.
void order_calls(Trace& trace);

}  // namespace thoplw
