// Names work that a forward leaves to whoever gets its result, such as a generator.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Notes each generator, coroutine, function, and iterator that calls functions in what `method` returned. They do
/// their work after the pass, where it is not counted.
void note_unfinished(Pass& pass, const std::string& method, const nb::object& result);

}  // namespace thoplw::capture
