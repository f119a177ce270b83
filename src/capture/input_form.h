// The meta tensor that a forward gets in place of an input.
#pragma once

#include "capture/session.h"

namespace thoplw::capture {

/// Of the input's class, with its attributes and its flag for gradients. The input itself where it is on meta or holds
/// integers.
nb::object stand_in_for(Session& session, const nb::object& input);

}  // namespace thoplw::capture
