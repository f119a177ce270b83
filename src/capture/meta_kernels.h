// Torch's own meta kernels, for what no shape rule is sure of.
#pragma once

#include "capture/op_call.h"

namespace thoplw::capture {

/// Calls torch with every tensor and device moved to meta.
nb::object call_on_meta(const OpCall& call);

}  // namespace thoplw::capture
