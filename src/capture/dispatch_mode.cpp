// The Python type behind the mode: a plain C type, since torch takes any object with __torch_dispatch__.
#include "capture/dispatch_mode.h"

#include <cstring>

#include "capture/dispatch.h"
#include "capture/failure.h"
#include "capture/higher_order.h"
#include "capture/pass.h"
#include "capture/questions.h"

namespace thoplw::capture {
namespace {

nb::object answer(Pass& pass, nb::handle func, nb::handle args, PyObject* kwargs) {
  // Of this type or a subclass: operators that take torch.ScriptObjects, such as packed weights, have one of their own.
  const bool plain = nb::isinstance(func, torch_api().op_overload_type);
  try {
    if (!plain) {
      const nb::dict named = kwargs ? nb::borrow<nb::dict>(kwargs) : nb::dict();
      return dispatch_higher_order(pass, func, nb::borrow<nb::tuple>(args), named);
    }
    const NotTheForward we_do;
    return dispatch(pass, func.ptr(), args.ptr(), kwargs);
  } catch (const nb::python_error& error) {
    note_wanted(pass, error);
    throw;
  }
}

/// Torch takes modes along to threads of its own, such as those of torch.jit.fork: what they do belongs to the pass.
nb::object answer_in_any_thread(nb::handle func, nb::handle args, PyObject* kwargs) {
  Strand* strand = Strand::current();
  Pass* pass = strand ? strand->pass : Pass::latest;
  if (!pass || (strand && !strand->recording)) return take(PyObject_Call(func.ptr(), args.ptr(), kwargs));
  if (strand) return answer(*pass, func, args, kwargs);
  Strand passing(pass);
  passing.open_calls.push_back(0);
  passing.modes_on = pass->own.modes_on;
  const OnStrand on(passing);
  return answer(*pass, func, args, kwargs);
}

PyObject* torch_dispatch(PyObject*, PyObject* const* stack, Py_ssize_t size) {
  try {
    if (size < 3) throw nb::type_error("__torch_dispatch__ wants func, types, args and kwargs");
    PyObject* kwargs = size > 3 && stack[3] != Py_None && PyDict_GET_SIZE(stack[3]) > 0 ? stack[3] : nullptr;
    return answer_in_any_thread(stack[0], stack[2], kwargs).release().ptr();
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const nb::builtin_exception& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

PyObject* no(PyObject*, PyObject*) { Py_RETURN_FALSE; }
PyObject* yes(PyObject*, PyObject*) { Py_RETURN_TRUE; }

// What torch from 2.4 on asks of a mode besides; older versions ask for none of it.
PyMethodDef mode_methods[] = {
    {"__torch_dispatch__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(torch_dispatch)), METH_FASTCALL,
     nullptr},
    {"is_infra_mode", no, METH_NOARGS | METH_CLASS, nullptr},
    {"_should_skip_dynamo", yes, METH_NOARGS | METH_CLASS, nullptr},
    {"ignore_compile_internals", no, METH_NOARGS | METH_CLASS, nullptr},
    {nullptr, nullptr, 0, nullptr},
};

PyObject* dispatch_method = nullptr;  ///< the mode's own __torch_dispatch__

/// What torch asks of a mode by a C string. It wants its __torch_dispatch__ twice per operator: making the method anew
/// would take longer than most shape rules. And each time that it puts a mode on its stack it looks for a key that only
/// its own modes have, where an error with a text would take longer than all the rest.
PyObject* attribute(PyObject* mode, char* name) {
  if (std::strcmp(name, "__torch_dispatch__") == 0) return Py_NewRef(dispatch_method);
  if (std::strcmp(name, "_mode_key") == 0) {
    PyErr_SetNone(PyExc_AttributeError);
    return nullptr;
  }
  return PyObject_GenericGetAttr(mode, nb::str(name).ptr());
}

PyType_Slot mode_slots[] = {{Py_tp_methods, mode_methods},
                            {Py_tp_getattr, reinterpret_cast<void*>(attribute)},
                            {Py_tp_getattro, reinterpret_cast<void*>(PyObject_GenericGetAttr)},
                            {0, nullptr}};
PyType_Spec mode_spec = {"thoplw._native.DispatchMode", sizeof(PyObject), 0, Py_TPFLAGS_DEFAULT, mode_slots};

}  // namespace

nb::object the_mode() {
  static PyObject* const mode = [] {
    const nb::object type = take(PyType_FromSpec(&mode_spec));
    type.attr("supports_higher_order_operators") = true;
    PyObject* made = take(PyObject_CallNoArgs(type.ptr())).release().ptr();
    dispatch_method = take(PyCFunction_New(&mode_methods[0], made)).release().ptr();
    return made;
  }();
  return nb::borrow(mode);
}

}  // namespace thoplw::capture
