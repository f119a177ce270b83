// Puts a pass's mode on torch's stacks, and leaves them as they were, whatever the forward left there.
#include "capture/active.h"

namespace thoplw::capture {

Active::Active(Pass& pass, Strand& strand)
    : api_(pass.api),
      on_strand_(strand),
      profiles_(&strand == &pass.own),
      latest_(Pass::latest),
      modes_(modes_on_stack(pass.api)),
      function_modes_(function_modes(pass.api)) {
  pass.api.push(pass.mode.ptr());
  strand.modes_on = pass.api.modes_on();
  if (profiles_) Pass::latest = &pass;
}

Active::~Active() {
  if (profiles_) Pass::latest = latest_;
  undo("thoplw: leaving the dispatch mode", [&] { set_mode_stack(api_, modes_); });
  undo("thoplw: leaving function modes", [&] { leave_function_modes(api_, function_modes_); });
}

}  // namespace thoplw::capture
