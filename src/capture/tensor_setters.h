// What a forward may set of a tensor without an operator: its data, its gradient, its flags, or all at once by a swap.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// While one lives, whatever sets one of these first keeps what was there, unless the pass has made the tensor.
/// Watching the setters costs nothing as long as nothing is set, and also finds tensors that no module holds.
class TensorSetters {
 public:
  TensorSetters();
  ~TensorSetters();
  TensorSetters(const TensorSetters&) = delete;
  TensorSetters& operator=(const TensorSetters&) = delete;
};

/// Keeps them at once, for a tensor that torch itself may change, as backward() changes gradients.
void keep_settings(Pass& pass, PyObject* tensor);

/// The same for a tensor whose data are about to be exchanged or laid out anew, unless the pass has made it.
void keep_data(Pass& pass, PyObject* tensor);

/// Puts back what was set.
void restore_settings(Pass& pass);

}  // namespace thoplw::capture
