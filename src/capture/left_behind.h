// Tensors of a pass that outlive it in a place that cannot be put back: they have no values, so whoever finds them
// fails.
#pragma once

#include <string>

#include "capture/pass.h"

namespace thoplw::capture {

/// Where a pass is over and all is put back: a note that names who still holds tensors of it, or nothing.
std::string left_behind(Pass& pass);

}  // namespace thoplw::capture
