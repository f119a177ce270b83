// Counts packed weights of quantized layers as the weights that they stand for.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Parameters inside of objects that the module holds, such as those of torch.ao's quantised layers. They are no
/// torch.nn.Parameter, so that nothing trains them.
void add_packed_objects(Pass& pass, PyObject* module, Id id);

/// The sizes that an integer tensor of a module stands for, where several weights share one of its elements, or where
/// a weight is kept among the buffers; empty for any other tensor.
Dims unpacked_sizes(nb::handle module, std::string_view name, nb::handle tensor);

}  // namespace thoplw::capture
