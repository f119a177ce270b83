// Who keeps what, and in which order it is put back.
#include "capture/as_found.h"

#include "capture/writes.h"

namespace thoplw::capture {

AsFound::AsFound(Session& session) : session_(session), snapshot_(session.api), random_(session.real) {
  snapshot_.take_of(session.modules);
  snapshot_.set_eval(session.modules);
  session.snapshot = &snapshot_;
}

AsFound::~AsFound() {
  try {
    restore_overwritten(session_);
    snapshot_.restore();
  } catch (nb::python_error& error) {
    error.discard_as_unraisable("thoplw: leaving the model as found");
  }
}

}  // namespace thoplw::capture
