// Names work that a forward leaves to whoever gets its result, such as a generator.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Takes note of generators, iterators over functions' results, coroutines and functions in what `method` returned:
/// what they do they do after the pass.
void note_unfinished(Pass& pass, const std::string& method, const nb::object& result);

}  // namespace thoplw::capture
