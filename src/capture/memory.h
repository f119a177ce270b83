// The bytes of an object that others can write to, such as a NumPy array or a bytearray.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// Nothing where no buffer describes them, or none can be written to.
PutBack keep_memory(PyObject* object);

}  // namespace thoplw::capture
