// Who keeps what, and in which order it is put back.
#include "capture/as_found.h"

#include "capture/writes.h"

namespace thoplw::capture {

AsFound::AsFound(Session& session) : session_(session), snapshot_(session.api), random_(session.real) {
  snapshot_.take_of(session.modules);
  session.snapshot = &snapshot_;
}

AsFound::~AsFound() {
  undo("thoplw: leaving the model as found", [&] {
    restore_overwritten(session_);
    snapshot_.restore();
  });
}

}  // namespace thoplw::capture
