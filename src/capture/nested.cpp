// Copies containers, those of other classes than Python's own with everything else that they hold.
#include "capture/nested.h"

namespace thoplw::capture {
namespace {

nb::object copy_of(nb::handle value) { return nb::module_::import_("copy").attr("copy")(value); }

}  // namespace

nb::object field_of(PyObject* object, PyObject* name) {
  nb::object value = nb::steal(PyObject_GenericGetAttr(object, name));
  if (value.is_valid()) return value;
  if (!PyErr_ExceptionMatches(PyExc_Exception)) throw nb::python_error();
  PyErr_Clear();
  return {};
}

nb::object sequence_like(nb::handle sequence, const nb::list& items) {
  if (PyList_CheckExact(sequence.ptr())) return items;
  if (PyTuple_CheckExact(sequence.ptr())) return nb::tuple(items);
  const nb::handle type = sequence.type();
  if (PyTuple_Check(sequence.ptr())) return nb::hasattr(type, "_make") ? type.attr("_make")(items) : type(items);
  nb::object copy = copy_of(sequence);
  if (PyList_SetSlice(copy.ptr(), 0, PyList_GET_SIZE(copy.ptr()), items.ptr()) != 0) throw nb::python_error();
  return copy;
}

nb::object dict_like(nb::handle dict, const nb::dict& values) {
  if (PyDict_CheckExact(dict.ptr())) return values;
  nb::object copy = copy_of(dict);
  for (auto [key, value] : values) {
    if (PyObject_SetItem(copy.ptr(), key.ptr(), value.ptr()) != 0) throw nb::python_error();
  }
  return copy;
}

}  // namespace thoplw::capture
