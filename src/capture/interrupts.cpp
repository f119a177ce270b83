// Holds back signals while a pass is undone: Python runs signal handlers between any two instructions, there too.
#include "capture/interrupts.h"

#include <memory>

namespace thoplw::capture {
namespace {

std::unique_ptr<nb::python_error>& kept() {
  thread_local std::unique_ptr<nb::python_error> error;
  return error;
}

/// Whether the frame runs a function that is now the handler of some signal.
bool runs_signal_handler(nb::handle frame) {
  const nb::object signal = nb::module_::import_("signal");
  const nb::object code = frame.attr("f_code");
  for (nb::handle number : signal.attr("valid_signals")()) {
    const nb::object handler = signal.attr("getsignal")(number);
    const nb::object function = nb::getattr(handler, "__func__", handler);
    if (nb::getattr(function, "__code__", nb::none()).is(code)) return true;
  }
  return false;
}

}  // namespace

bool is_callers(const nb::python_error& error) {
  if (!error.matches(PyExc_Exception)) return true;  // KeyboardInterrupt, SystemExit
  for (nb::object trace = nb::borrow(error.traceback()); trace.is_valid() && !trace.is_none();
       trace = trace.attr("tb_next")) {
    if (runs_signal_handler(trace.attr("tb_frame"))) return true;
  }
  return false;
}

bool interrupted(nb::python_error& error, const char* what) {
  if (!is_callers(error)) {
    error.discard_as_unraisable(what);
    return false;
  }
  if (!kept()) kept() = std::make_unique<nb::python_error>(std::move(error));
  return true;
}

void raise_interrupt() {
  if (const std::unique_ptr<nb::python_error> error = std::move(kept())) throw std::move(*error);
}

}  // namespace thoplw::capture
