// Tensors of the caller that a forward writes to for real keep their values.
#pragma once

#include "capture/session.h"

namespace thoplw::capture {

/// Where a tensor's data is, shared with its views; 0 where it has none.
std::uintptr_t storage_of(nb::handle tensor);

/// Before an operator that writes to a tensor of the caller runs for real, keeps its values.
void keep_before_write(Session& session, PyObject* tensor);

/// Puts them back; called at the end of the pass.
void restore_overwritten(Session& session);

}  // namespace thoplw::capture
