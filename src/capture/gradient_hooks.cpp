// An activation of a model that trains is given what torch asks it for first. No gradient ever comes.
#include "capture/gradient_hooks.h"

#include "capture/exchanged_code.h"
#include "capture/questions.h"
#include "capture/regions.h"

namespace thoplw::capture {
namespace {

ExchangedCode& register_hook() {
  static auto* code = new ExchangedCode;
  return *code;
}

/// Tensor.retain_grad() is written in C: its object is given another definition.
struct Retain {
  PyMethodDef** place = nullptr;
  PyMethodDef* theirs = nullptr;
  PyMethodDef ours{};
} retain;

void require_grad(nb::handle tensor) {
  Pass* pass = training_pass();
  if (!pass || pass->autograd || !pass->tensors.is_own(tensor.ptr())) return;
  const NotTheForward we_do;  // it is no step of the model
  tensor.attr("requires_grad") = true;
}

nb::object hook(const nb::args& args, const nb::kwargs& kwargs) {
  if (args.size() > 0) require_grad(args[0]);
  return register_hook().original(args, kwargs);
}

PyObject* retain_grad(PyObject* self, PyObject* nothing) {
  try {
    require_grad(self);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
  return retain.theirs->ml_meth(self, nothing);
}

}  // namespace

void exchange_hooks() {
  const nb::object tensor = torch_api().tensor_type;
  register_hook().exchange(tensor.attr("register_hook"), hook);
  const nb::object method = tensor.attr("retain_grad");
  if (Py_TYPE(method.ptr()) != &PyMethodDescr_Type) return;
  PyMethodDef** place = &reinterpret_cast<PyMethodDescrObject*>(method.ptr())->d_method;
  if ((*place)->ml_flags != METH_NOARGS) return;
  retain = {place, *place, **place};
  retain.ours.ml_meth = retain_grad;
  *place = &retain.ours;
}

void put_back_hooks() {
  register_hook().put_back();
  if (retain.place) *retain.place = retain.theirs;
  retain.place = nullptr;
}

}  // namespace thoplw::capture
