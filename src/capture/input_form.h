// The meta tensor that a forward gets in place of an input.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Of the input's class, with its attributes and its flag for gradients. The input itself where it is on meta or holds
/// integers.
nb::object stand_in_for(Pass& pass, const nb::object& input);

/// Whether the tensor is of a class that operators run code of its own for, such as MaskedTensor: what is inside of it
/// has no meta form here.
bool has_own_dispatch(const TorchApi& api, nb::handle tensor);

}  // namespace thoplw::capture
