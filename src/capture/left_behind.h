// Tensors of a pass that outlive it in a place that cannot be put back: they have no values, so whoever finds them
// fails.
#pragma once

#include <string>

#include "capture/pass.h"

namespace thoplw::capture {

/// Called after a pass, when all is put back. Returns a note that names who still holds tensors of the pass, or "".
std::string left_behind(Pass& pass);

}  // namespace thoplw::capture
