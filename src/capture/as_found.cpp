// Who keeps what, and in which order it is put back.
#include "capture/as_found.h"

#include "capture/interrupts.h"
#include "capture/writes.h"

namespace thoplw::capture {

namespace {

/// backward() sets gradients, and kernels may write where their schemas do not say so.
void keep_tensors(Pass& pass) {
  for (std::size_t i = 0; i < pass.model_tensors; ++i) {
    PyObject* tensor = pass.external_tensors[i].ptr();
    keep_settings(pass, tensor);
    if (pass.real && pass.trace.params[i].buffer) keep_before_write(pass, tensor);
  }
}

}  // namespace

AsFound::AsFound(Pass& pass) : pass_(pass), snapshot_(pass), defaults_(pass.api), process_(pass.api) {
  snapshot_.take_of(pass.modules);
  pass.snapshot = &snapshot_;
  if (pass.real || pass.autograd) keep_tensors(pass);
}

AsFound::~AsFound() {
  undo("thoplw: putting tensors back", [&] { restore_settings(pass_); });
  undo("thoplw: putting values back", [&] { restore_overwritten(pass_); });
  undo("thoplw: leaving the model as found", [&] { snapshot_.restore(); });
  undo("thoplw: looking for what was not put back", [&] { pass_.not_put_back = snapshot_.not_put_back(); });
  pass_.settings.clear();  // they hold tensors, which left_behind would ask for
  pass_.overwritten.clear();
}

}  // namespace thoplw::capture
