// The dispatch mode: the object on torch's mode stack that every operator of the pass comes to.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// One object for all passes: it serves whatever Pass is current in its thread.
nb::object the_mode();

}  // namespace thoplw::capture
