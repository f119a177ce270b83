// Keeps data of the caller that a forward writes to for real.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// In the place of a number of writes.
inline constexpr std::int64_t kNotCounted = -1;

/// Where a tensor's data is, shared with its views; 0 where it has none.
std::uintptr_t storage_of(nb::handle tensor);

/// Before an operator that writes to a tensor runs for real, keeps what is in its storage, unless the pass has made it.
void keep_before_write(Pass& pass, PyObject* tensor);

/// The operator writes to the tensor for real.
void count_write(Pass& pass, nb::handle tensor);

/// The forward may write to the tensor past all operators from now on.
void stop_counting_writes(Pass& pass, nb::handle tensor);

/// Puts it back; called at the end of the pass.
void restore_overwritten(Pass& pass);

}  // namespace thoplw::capture
