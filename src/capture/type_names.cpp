// The C function behind the method is exchanged: setting an attribute of the class would empty its method caches.
#include "capture/type_names.h"

#include "capture/torch_api.h"

namespace thoplw::capture {
namespace {

constexpr std::string_view kMeta = "torch.meta.";

int installed = 0;  // in all threads; Python's lock guards it
PyCFunctionWithKeywords original = nullptr;

/// Null where this torch has another kind of method.
PyMethodDef* method() {
  static PyMethodDef* const found = [] {
    const nb::object type = torch_api().tensor_type.attr("type");
    if (!PyObject_TypeCheck(type.ptr(), &PyMethodDescr_Type)) return static_cast<PyMethodDef*>(nullptr);
    PyMethodDef* definition = reinterpret_cast<PyMethodDescrObject*>(type.ptr())->d_method;
    return definition->ml_flags == (METH_VARARGS | METH_KEYWORDS) ? definition : nullptr;
  }();
  return found;
}

/// Tensor.type(dtype=None, non_blocking=False)
PyObject* type(PyObject* self, PyObject* args, PyObject* kwargs) {
  PyObject* given = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : nullptr;
  if (!given || !PyUnicode_Check(given)) return original(self, args, kwargs);
  try {
    const std::string name = text_of(given);
    if (!name.starts_with(kMeta)) return original(self, args, kwargs);
    nb::list others(nb::borrow(args));
    others[0] = nb::str(("torch." + name.substr(kMeta.size())).c_str());
    return original(self, nb::tuple(others).ptr(), kwargs);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
}

PyCFunction as_method(PyCFunctionWithKeywords function) {
  return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function));
}

}  // namespace

TypeNames::TypeNames() {
  if (!method() || installed++ > 0) return;
  original = reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(method()->ml_meth));
  method()->ml_meth = as_method(type);
}

TypeNames::~TypeNames() {
  if (method() && --installed == 0) method()->ml_meth = as_method(original);
}

}  // namespace thoplw::capture
