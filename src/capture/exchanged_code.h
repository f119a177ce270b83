// The code of a function written in Python, exchanged for a call of ours and put back.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// For functions that Python itself calls: Python 3.11 runs their code without asking their entry points. Python tells
/// audit hooks of it, in which an interrupt may come.
class ExchangedCode {
 public:
  using Ours = nb::object (*)(const nb::args& args, const nb::kwargs& kwargs);

  /// Does nothing where `function` is not one whose code can be exchanged.
  void exchange(const nb::object& function, Ours ours);
  void put_back();

  /// Calls the function as it was.
  nb::object original(const nb::args& args, const nb::kwargs& kwargs) const { return original_(*args, **kwargs); }

 private:
  void set(const nb::object& function, Ours ours);

  nb::object function_;  ///< null: not exchanged
  nb::object code_;      ///< what it had, and what it gets
  nb::object our_code_;
  nb::object original_;  ///< another function with its code
};

}  // namespace thoplw::capture
