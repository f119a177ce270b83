// Keeps data of the caller that a forward writes to for real.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// Where a tensor's data is, shared with its views; 0 where it has none.
std::uintptr_t storage_of(nb::handle tensor);

/// Before an operator that writes to a tensor runs for real, keeps what is in its storage, unless the pass has made it.
void keep_before_write(Pass& pass, PyObject* tensor);

/// Puts it back; called at the end of the pass.
void restore_overwritten(Pass& pass);

}  // namespace thoplw::capture
