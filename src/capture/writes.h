// Tensors of the caller that a forward writes to for real keep their values.
#pragma once

#include "capture/session.h"

namespace thoplw::capture {

/// Before an operator that writes to a tensor of the caller runs for real, keeps its values.
void keep_before_write(Session& session, PyObject* tensor);

/// Puts them back; called at the end of the pass.
void restore_overwritten(Session& session);

}  // namespace thoplw::capture
