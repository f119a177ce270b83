// Who keeps what, and in which order it is put back.
#include "capture/as_found.h"

#include "capture/interrupts.h"
#include "capture/writes.h"

namespace thoplw::capture {

namespace {

/// backward() sets gradients, and kernels may write where their schemas do not say so.
void keep_tensors(Session& session) {
  for (std::size_t i = 0; i < session.model_tensors; ++i) {
    PyObject* tensor = session.external_tensors[i].ptr();
    keep_settings(session, tensor);
    if (session.real && session.trace.params[i].buffer) keep_before_write(session, tensor);
  }
}

}  // namespace

AsFound::AsFound(Session& session)
    : session_(session), snapshot_(session), defaults_(session.api), process_(session.api) {
  snapshot_.take_of(session.modules);
  session.snapshot = &snapshot_;
  if (session.real || session.autograd) keep_tensors(session);
}

AsFound::~AsFound() {
  undo("thoplw: putting tensors back", [&] { restore_settings(session_); });
  undo("thoplw: putting values back", [&] { restore_overwritten(session_); });
  undo("thoplw: leaving the model as found", [&] { snapshot_.restore(); });
  undo("thoplw: looking for what was not put back", [&] { session_.not_put_back = snapshot_.not_put_back(); });
  session_.settings.clear();  // they hold tensors, which left_behind would ask for
  session_.overwritten.clear();
}

}  // namespace thoplw::capture
