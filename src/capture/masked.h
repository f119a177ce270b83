// Answers operators that pick elements by a mask: how many they are is for the values of the mask to say.
#pragma once

#include "capture/op_call.h"

namespace thoplw::capture {

/// The result of x[mask] and the like, where the values of each mask are known; else null.
nb::object answer_masked(const OpCall& call);

}  // namespace thoplw::capture
