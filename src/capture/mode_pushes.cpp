// Replaces the C function that puts modes on torch's stack, while a pass runs.
#include "capture/mode_pushes.h"

#include "capture/pass.h"
#include "capture/questions.h"

namespace thoplw::capture {
namespace {

int installed = 0;  // in all threads; Python's lock guards it
PyCFunction original = nullptr;

PyMethodDef* method() {
  PyObject* push = torch_api().push_mode.ptr();
  return PyCFunction_Check(push) ? reinterpret_cast<PyCFunctionObject*>(push)->m_ml : nullptr;
}

/// Torch's own modes watch, or make tensors of other kinds; they add no work.
bool is_users(PyObject* mode) {
  const nb::object module = nb::getattr(nb::handle(mode).type(), "__module__", nb::none());
  return PyUnicode_Check(module.ptr()) && !text_of(module.ptr()).starts_with("torch.");
}

/// torch._C._push_on_torch_dispatch_stack(mode)
PyObject* push(PyObject* self, PyObject* mode) {
  Pass* pass = Pass::current();
  if (pass && !NotTheForward::asks() && mode != pass->mode.ptr() && is_users(mode)) {
    pass->wanted.autograd = true;
  }
  return original(self, mode);
}

}  // namespace

ModePushes::ModePushes() {
  if (!method() || installed++ > 0) return;
  original = method()->ml_meth;
  method()->ml_meth = push;
}

ModePushes::~ModePushes() {
  if (method() && --installed == 0) method()->ml_meth = original;
}

}  // namespace thoplw::capture
