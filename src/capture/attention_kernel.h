// Which kernel torch would take for an attention, where the layout of its result hangs on it.
#pragma once

#include "capture/op_call.h"

namespace thoplw::capture {

/// Whether a mask of scaled_dot_product_attention comes of weights that are trained, as a learned bias of positions
/// does: fused kernels give a mask no gradient, so that torch takes the plain one.
bool has_learned_mask(const OpCall& call);

}  // namespace thoplw::capture
