// Records an operator in the trace.
#pragma once

#include "capture/op_call.h"

namespace thoplw::capture {

/// Adds the operator with its inputs and attributes; its results are for the caller to add.
Op& record(const OpCall& call);

/// What the values of new tensors say.
enum class Values : std::uint8_t { unknown, constant, shadowed };

/// Takes in what torch returned: a twin or shadow becomes the tensor that it stands for, new tensors get their value.
nb::object record_result(const OpCall& call, nb::object result, Values values = Values::unknown);

}  // namespace thoplw::capture
