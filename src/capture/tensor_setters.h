// What a forward may set of a tensor without an operator: its data, its gradient, its flags, or all at once by a swap.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// While one lives, Python's ways to set these keep what was there before, of any tensor that the pass has not made.
/// Watching the setters costs nothing where nothing is set, and reaches tensors that no module holds.
class TensorSetters {
 public:
  TensorSetters();
  ~TensorSetters();
  TensorSetters(const TensorSetters&) = delete;
  TensorSetters& operator=(const TensorSetters&) = delete;
};

/// Keeps them now: of a tensor that torch itself may change, such as a gradient in backward().
void keep_settings(Pass& pass, PyObject* tensor);

/// The same before its data are exchanged or laid out anew, unless the pass has made it.
void keep_data(Pass& pass, PyObject* tensor);

/// Puts back what was set.
void restore_settings(Pass& pass);

}  // namespace thoplw::capture
