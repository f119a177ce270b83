// The dispatch mode: the object on torch's mode stack that every operator of the pass comes to.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// A new mode object; it serves whatever Session is current in its thread.
nb::object new_mode();

}  // namespace thoplw::capture
