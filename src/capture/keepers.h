// Classes whose instances read and restore their state by methods of their own, such as generators, queues and locks.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// How instances of one class are kept.
struct Keeper {
  PutBack (*keep)(PyObject* object) = nullptr;      ///< the state as it is now
  nb::object (*items)(PyObject* object) = nullptr;  ///< a list of the objects in it; null: there are none
};

/// Has no functions if the class is in no row of the table.
Keeper keeper_of(PyTypeObject* type);

}  // namespace thoplw::capture
