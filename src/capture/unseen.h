// Finds work that went past torch's operators, so that it is never a silent zero.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// After a pass over a model and inputs that have the first `given` values of the trace: records an operator without a
/// rule where a kernel of another library has worked, as far as tensors show it. Three things do: memory that no
/// operator wrote is read; a result comes from nowhere in a module whose own activations lead nowhere (numpy); a
/// scripted module has oneDNN's operators, which are not dispatched.
void record_unseen(Pass& pass, std::size_t given);

}  // namespace thoplw::capture
