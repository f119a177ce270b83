// Turns off switches of torch that would get in the way of a pass.
#pragma once

#include <deque>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// An attribute has another value in this scope.
class Switched {
 public:
  Switched(nb::object owner, const char* name, const nb::object& value);
  ~Switched();
  Switched(const Switched&) = delete;
  Switched& operator=(const Switched&) = delete;

 private:
  nb::object owner_;
  const char* name_;
  nb::object before_;
};

/// Within this scope functions wrapped by torch.compile run as they were written, as the compiler cannot see through a
/// pass; torch.distributions look at no values; and what torch.nn.utils.parametrize.cached() keeps is the pass's own.
class Switches {
 public:
  Switches();

 private:
  std::deque<Switched> switched_;
};

/// Whether the compiler is there to be switched off: loading it takes a second.
bool compiler_loaded();

}  // namespace thoplw::capture
