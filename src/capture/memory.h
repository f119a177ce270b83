// The bytes of an object that other objects can write to, such as a NumPy array or a bytearray.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// Empty if the object has no buffer that describes its bytes, or they cannot be written to.
PutBack keep_memory(PyObject* object);

/// array.array, which may grow.
PutBack keep_numbers(PyObject* array);

/// numpy.ndarray: its sizes, too, and elements that no buffer describes.
PutBack keep_ndarray(PyObject* array);
/// Its elements that are objects, as a list; else a null object.
nb::object elements_of(PyObject* array);

}  // namespace thoplw::capture
