// Keeps what contextvars hold, such as how NumPy handles errors and how precise decimals are.
#pragma once

#include "capture/interrupts.h"

namespace thoplw::capture {

/// Within this scope all that a forward sets of them is its own.
class OwnContext {
 public:
  OwnContext() : context_(take(PyContext_CopyCurrent())) {
    if (PyContext_Enter(context_.ptr()) != 0) throw nb::python_error();
  }
  ~OwnContext() {
    undo("thoplw: leaving a context", [&] {
      if (PyContext_Exit(context_.ptr()) != 0) throw nb::python_error();
    });
  }
  OwnContext(const OwnContext&) = delete;
  OwnContext& operator=(const OwnContext&) = delete;

 private:
  nb::object context_;
};

}  // namespace thoplw::capture
