// Counts packed weights of quantized layers as the weights that they stand for.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Adds parameters that are in objects which the module holds, such as those of torch.ao's quantized layers. Each is no
/// torch.nn.Parameter, so nothing trains it.
void add_packed_objects(Pass& pass, PyObject* module, Id id);

/// The sizes of the weight that an integer tensor of a module stands for: several weights may share one element, or a
/// weight may be kept among the buffers. Empty for any other tensor.
Dims unpacked_sizes(nb::handle module, std::string_view name, nb::handle tensor);

}  // namespace thoplw::capture
