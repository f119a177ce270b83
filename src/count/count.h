// Counting: what a Trace costs by a convention.
#pragma once

#include "report/report.h"

namespace thoplw {

struct Convention;
struct Trace;

/// Throws Error where a module is listed before the one that it is in, or a count is beyond 64 bits.
Report count(const Trace& trace, const Convention& convention);

}  // namespace thoplw
