// Regions of torch.utils.checkpoint, whose operators run again in backward.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

void exchange_checkpoints();
void put_back_checkpoints();

/// Whether a torch.autograd.Function is the one of reentrant checkpoints.
bool is_checkpoint(PyObject* function_class);

/// What CheckpointFunction.apply(function, preserve_rng_state, *args) returns.
nb::object run_reentrant(Pass& pass, const nb::tuple& args);

}  // namespace thoplw::capture
