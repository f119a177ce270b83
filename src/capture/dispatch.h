// Answers every operator of the pass.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// What the operator `func(*args, **kwargs)` returns in this pass; recorded in the trace. `kwargs` may be null.
nb::object dispatch(Pass& pass, PyObject* func, PyObject* args, PyObject* kwargs);

}  // namespace thoplw::capture
