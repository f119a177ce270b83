// The stacks of modes are as they were, whatever the forward left on them.
#include "capture/active.h"

namespace thoplw::capture {

Active::Active(Session& session, Strand& strand)
    : api_(session.api),
      on_strand_(strand),
      profiles_(&strand == &session.own),
      latest_(Session::latest),
      modes_(modes_on_stack(session.api)),
      function_modes_(function_modes(session.api)) {
  session.api.push(session.mode.ptr());
  strand.modes_on = session.api.modes_on();
  if (profiles_) Session::latest = &session;
}

Active::~Active() {
  if (profiles_) Session::latest = latest_;
  undo("thoplw: leaving the dispatch mode", [&] { set_mode_stack(api_, modes_); });
  undo("thoplw: leaving function modes", [&] { leave_function_modes(api_, function_modes_); });
}

}  // namespace thoplw::capture
