// Operators that take functions: cond, while_loop, scan, flex_attention, ...
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Runs the functions that a higher-order operator is given, so that what they do is recorded. One that cannot be
/// looked into is recorded by its name, which no rule knows.
nb::object dispatch_higher_order(Pass& pass, nb::handle func, const nb::tuple& args, const nb::dict& kwargs);

}  // namespace thoplw::capture
