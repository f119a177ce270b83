// A thread at work for a pass.
#pragma once

#include <vector>

#include "capture/pass.h"
#include "capture/questions.h"

namespace thoplw::capture {

/// Makes the pass's mode the innermost of this thread, which works on `strand`; undoes both, and what the forward
/// did to the other modes.
class Active {
 public:
  Active(Pass& pass, Strand& strand);
  ~Active();
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

 private:
  const TorchApi& api_;
  OnStrand on_strand_;
  TheForward asks_;
  bool profiles_;  ///< this is the thread that profiles, not one that works for it
  Pass* latest_;
  std::vector<nb::object> modes_, function_modes_;
};

}  // namespace thoplw::capture
