// Lazy modules (torch.nn.LazyLinear, ...): their parameters have no sizes before a first forward.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// Thrown by the walk over a model that has such parameters.
struct Uninitialized {};

/// A copy of the model that has run once, which gave every parameter its size: on meta, or for real where it cannot.
nb::object initialised_copy(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs);

}  // namespace thoplw::capture
