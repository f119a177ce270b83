// Switches autograd by torch's guard of inference mode, which holds the grad switch too and puts both back.
#include "capture/grad_mode.h"

#include "capture/interrupts.h"

namespace thoplw::capture {

GradMode::GradMode(const TorchApi& api, Grad grad)
    : api_(api),
      guard_(take(PyObject_CallOneArg(api.inference_guard.ptr(),
                                      grad == Grad::inference || grad == Grad::told ? Py_True : Py_False))) {
  if (api.inference_guard_enters) take(PyObject_CallMethodNoArgs(guard_.ptr(), api.names.enter));
  if (grad == Grad::off) take(PyObject_CallOneArg(api.set_grad_enabled.ptr(), Py_False));
  if (grad == Grad::told) take(PyObject_CallOneArg(api.set_grad_enabled.ptr(), Py_True));
}

GradMode::~GradMode() {
  if (!api_.inference_guard_enters) {
    guard_.reset();
    return;
  }
  PyObject* arguments[] = {guard_.ptr(), Py_None, Py_None, Py_None};
  undo("thoplw: leaving inference mode",
       [&] { take(PyObject_VectorcallMethod(api_.names.exit, arguments, 4, nullptr)); });
}

}  // namespace thoplw::capture
