// Answers an operator in a pass that computes nothing.
#pragma once

#include "capture/op_call.h"

namespace thoplw::capture {

/// The result, recorded in the trace. `known`: there is a rule or a formula for the operator as it is.
nb::object answer(const OpCall& call, bool known);

}  // namespace thoplw::capture
