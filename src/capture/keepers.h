// Classes whose instances have their own way to tell their state and to take it back.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// For instances of one class.
struct Keeper {
  PutBack (*keep)(PyObject* object) = nullptr;      ///< the state as it is now
  nb::object (*items)(PyObject* object) = nullptr;  ///< a list of what else is in it; null: nothing but data
};

/// Without functions where a class has none.
Keeper keeper_of(PyTypeObject* type);

}  // namespace thoplw::capture
