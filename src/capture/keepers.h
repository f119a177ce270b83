// Classes whose instances read and restore their state by methods of their own, such as generators, queues and locks.
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
