// Turns the inputs that the user gave into those that the pass sees.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

// Tensors are exchanged wherever an input reaches them: tuples are made anew, while lists, dicts and objects of any
// class get others put in their places, which the pass's snapshot undoes. An object is not copied: it may hold what
// no copy has, be the very one that the model knows, or say what it likes when asked for a copy.

/// For a pass that computes nothing: floating tensors become meta tensors, integer and bool tensors stay as they are.
nb::object inputs_on_meta(Pass& pass, nb::handle value);

/// Every tensor on meta, integers too.
nb::object inputs_all_meta(Pass& pass, nb::handle value);

/// For a real forward: meta tensors, which hold nothing, become random numbers (zeros where integral).
nb::object inputs_for_real(Pass& pass, nb::handle value, nb::handle device);

/// "1x3x224x224 f32, 1x128 i64": the shapes of all tensors in it.
std::string describe_inputs(const TorchApi& api, nb::handle value);

}  // namespace thoplw::capture
