// Holds back interrupts that come while a pass is undone, until all is back.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// Whether an error is for whoever called the profile, not about the model: Ctrl-C, or what a signal handler raised.
bool is_callers(const nb::python_error& error);

/// Takes an error of a step of undoing: true where the caller's interrupt stopped it, which is kept, so that the step
/// is taken again; all other errors are printed.
bool interrupted(nb::python_error& error, const char* what);

/// Takes a step that may be taken twice; raises nothing. `what` it does, for errors that are printed.
template <typename Step>
void undo(const char* what, const Step& step) {
  PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
  PyErr_Fetch(&type, &value, &trace);  // an error on its way up stays pending
  for (bool again = true; again;) {
    try {
      step();
      again = false;
    } catch (nb::python_error& error) {
      again = interrupted(error, what);
    }
  }
  PyErr_Restore(type, value, trace);
}

/// A `with` statement: enters now, leaves at the end of the scope, perhaps twice.
class With {
 public:
  explicit With(nb::object manager) : manager_(std::move(manager)) { manager_.attr("__enter__")(); }
  ~With() {
    undo("thoplw: leaving a with statement", [&] { manager_.attr("__exit__")(nb::none(), nb::none(), nb::none()); });
  }
  With(const With&) = delete;
  With& operator=(const With&) = delete;

 private:
  nb::object manager_;
};

/// Raises the first of this thread's interrupts that were kept, if there is one.
void raise_interrupt();

}  // namespace thoplw::capture
