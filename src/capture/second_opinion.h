// Asks a real kernel where a meta kernel refuses: some refuse what real ones take, and word it differently.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// What the real kernel says of `func(*args, **kwargs)`, which the meta kernel refused: raises its error, or returns
/// meta tensors of the layouts of its results. Meta tensors are zeros to it; a null object where they are too large.
nb::object second_opinion(Pass& pass, PyObject* func, PyObject* args, PyObject* kwargs);

}  // namespace thoplw::capture
