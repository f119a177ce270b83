// A third of what building a module takes is torch's Python for the mode of torch.device("meta"). This has none.
#include "capture/meta_device.h"

#include "capture/torch_api.h"

namespace thoplw::capture {
namespace {

/// The functions of torch that the mode does not merely call.
struct Known {
  nb::object makers;  ///< the set of those that take a device
  nb::object device = torch_api().meta_device;
  nb::object zero = torch_api().tensor_type.attr("zero_");
  nb::object fill = torch_api().tensor_type.attr("fill_");
  nb::object zeros = torch_api().torch.attr("zeros");
  nb::object ones = torch_api().torch.attr("ones");
  nb::object empty = torch_api().torch.attr("empty");
  PyObject* device_name = interned("device");
  PyObject* out_name = interned("out");
};

const Known& known() {
  static const Known* const known =
      new Known{.makers = nb::module_::import_("torch.utils._device").attr("_device_constructors")()};
  return *known;
}

/// Whether the call writes numbers to a meta tensor, which has no place for any, and autograd has nothing to say to it.
bool fills_nothing(PyObject* func, PyObject* args, PyObject* kwargs) {
  if (kwargs) return false;
  const bool zero = func == known().zero.ptr() && PyTuple_GET_SIZE(args) == 1;
  const bool fill = func == known().fill.ptr() && PyTuple_GET_SIZE(args) == 2;
  if (!zero && !fill) return false;
  PyObject* tensor = PyTuple_GET_ITEM(args, 0);
  if (!torch_api().is_plain_tensor(tensor)) return false;
  if (fill && !PyLong_CheckExact(PyTuple_GET_ITEM(args, 1)) && !PyFloat_CheckExact(PyTuple_GET_ITEM(args, 1))) {
    return false;
  }
  const auto& names = torch_api().names;
  return take(PyObject_GetAttr(tensor, names.is_meta)).is(nb::handle(Py_True)) &&
         take(PyObject_GetAttr(tensor, names.requires_grad)).is(nb::handle(Py_False));
}

/// The entry of a dictionary, borrowed; null where there is none.
PyObject* entry(PyObject* dict, PyObject* name) {
  PyObject* found = PyDict_GetItemWithError(dict, name);
  if (!found && PyErr_Occurred()) throw nb::python_error();
  return found;
}

/// Calls a function that makes a tensor: on the meta device where no other is named, and there without its values, as
/// torch makes zeros and ones in several steps, some in Python.
PyObject* make(PyObject* func, PyObject* args, PyObject* kwargs) {
  const nb::object named = take(kwargs ? PyDict_Copy(kwargs) : PyDict_New());
  PyObject* device = entry(named.ptr(), known().device_name);
  if (device && device != Py_None) return PyObject_Call(func, args, named.ptr());
  if (PyDict_SetItem(named.ptr(), known().device_name, known().device.ptr()) < 0) throw nb::python_error();
  const bool of_one_value = func == known().zeros.ptr() || func == known().ones.ptr();
  if (of_one_value && !entry(named.ptr(), known().out_name)) func = known().empty.ptr();
  return PyObject_Call(func, args, named.ptr());
}

PyObject* torch_function(PyObject*, PyObject* const* given, Py_ssize_t size) {
  try {
    if (size < 3) throw nb::type_error("__torch_function__ wants func, types, args and kwargs");
    PyObject* func = given[0];
    PyObject* args = given[2];
    PyObject* kwargs = size > 3 && given[3] != Py_None && PyDict_GET_SIZE(given[3]) > 0 ? given[3] : nullptr;
    if (fills_nothing(func, args, kwargs)) return Py_NewRef(PyTuple_GET_ITEM(args, 0));
    const int makes = PySet_Contains(known().makers.ptr(), func);
    if (makes < 0) throw nb::python_error();
    if (!makes) return PyObject_Call(func, args, kwargs);
    return make(func, args, kwargs);
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    PyErr_SetString(PyExc_TypeError, error.what());
  }
  return nullptr;
}

PyMethodDef methods[] = {
    {"__torch_function__", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(torch_function)), METH_FASTCALL,
     nullptr},
    {nullptr, nullptr, 0, nullptr}};
PyType_Slot slots[] = {{Py_tp_methods, methods}, {0, nullptr}};
PyType_Spec spec = {"thoplw._native.MetaDevice", 0, 0, Py_TPFLAGS_DEFAULT, slots};

}  // namespace

nb::object on_meta_device() {
  static PyObject* const type = [] {
    const nb::object base = nb::module_::import_("torch.utils._device").attr("DeviceContext");
    return take(PyType_FromSpecWithBases(&spec, nb::make_tuple(base).ptr())).release().ptr();
  }();
  return take(PyObject_CallOneArg(type, torch_api().meta_device.ptr()));
}

}  // namespace thoplw::capture
