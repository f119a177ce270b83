// Reads and writes attributes past the setters that classes define, so that no Python code of theirs runs.
#include "capture/attributes.h"

#include <algorithm>

#include "capture/torch_api.h"

namespace thoplw::capture {
namespace {

bool is_special(PyObject* name) {
  return !PyUnicode_Check(name) ||
         (PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_');
}

/// Names such as __call__. Under some of them the interpreter itself adds functions, which tell annotations.
bool is_method(PyObject* name, PyObject* value) {
  static PyObject* annotate = interned("__annotate");
  return PyFunction_Check(value) && PyUnicode_Check(name) &&
         PyUnicode_Tailmatch(name, annotate, 0, PY_SSIZE_T_MAX, -1) == 0;
}

bool is_constant(PyObject* value) {
  return value == Py_None || PyLong_Check(value) || PyFloat_Check(value) || PyUnicode_Check(value);
}

/// Lists and dicts of TorchScript are given as copies, so they are always set.
void restore_script(const nb::object& inside, Items items) {
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const nb::object now = inside.attr("getattr")(items[i]);
    if (now.is(items[i + 1]) || (is_constant(now.ptr()) && now.equal(items[i + 1]))) continue;
    inside.attr("setattr")(items[i], items[i + 1]);
  }
}

}  // namespace

namespace {

void restore_class_of(PyObject* object, const nb::object& type) {
  static PyObject* class_name = interned("__class__");
  if (reinterpret_cast<PyObject*>(Py_TYPE(object)) != type.ptr() &&
      PyObject_GenericSetAttr(object, class_name, type.ptr()) != 0) {
    throw nb::python_error();
  }
}

/// Null where it has none, or has not got it yet.
PyObject* dictionary(PyObject* object) {
  PyObject** place = _PyObject_GetDictPtr(object);
  return place ? *place : nullptr;
}

}  // namespace

bool has_dictionary(PyObject* object) { return dictionary(object); }

void restore_attributes(PyObject* object, Items items) {
  restore_class_of(object, items[0]);
  const nb::object dict = take(PyObject_GenericGetDict(object, nullptr));
  if (!dict.is(items[1]) && PyObject_GenericSetDict(object, items[1].ptr(), nullptr) != 0) throw nb::python_error();
  restore_dict(items[1].ptr(), items.subspan(2));
}

/// Gives the object a new dictionary, since the one that it has now may be another object's, too.
void restore_no_attributes(PyObject* object, Items items) {
  restore_class_of(object, items[0]);
  PyObject* dict = dictionary(object);
  if (!dict || PyDict_GET_SIZE(dict) == 0) return;
  if (PyObject_GenericSetDict(object, nb::dict().ptr(), nullptr) != 0) throw nb::python_error();
}

void add_class_attributes(PyObject* type, std::vector<nb::object>& items) {
  each_entry(reinterpret_cast<PyTypeObject*>(type)->tp_dict, [&](PyObject* key, PyObject* value) {
    if (is_special(key) && !is_method(key, value)) return;
    items.push_back(nb::borrow(key));
    items.push_back(nb::borrow(value));
  });
}

/// Uses the setattr of `type`, which empties the caches of lookups.
void restore_class(PyObject* type, Items items) {
  std::vector<nb::object> now;
  add_class_attributes(type, now);
  const auto same = [](const nb::object& a, const nb::object& b) { return a.is(b); };
  if (std::ranges::equal(now, items, same)) return;
  for (std::size_t i = 0; i < now.size(); i += 2) PyType_Type.tp_setattro(type, now[i].ptr(), nullptr);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (PyType_Type.tp_setattro(type, items[i].ptr(), items[i + 1].ptr()) != 0) throw nb::python_error();
  }
}

void restore_slots(PyObject* object, Items items) {
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (Py_TYPE(items[i].ptr())->tp_descr_set(items[i].ptr(), object, items[i + 1].ptr()) != 0) PyErr_Clear();
  }
}

void restore_cell(PyObject* cell, const nb::object& content) {
  if (PyCell_GET(cell) != content.ptr()) PyCell_Set(cell, content.ptr());
}

void restore_defaults(PyObject* function, const nb::object& defaults) {
  if (PyFunction_GET_DEFAULTS(function) == defaults.ptr()) return;
  if (PyFunction_SetDefaults(function, defaults.ptr()) != 0) throw nb::python_error();
}

PutBack keep_script(PyObject* module) {
  const nb::object inside = nb::handle(module).attr("_c");
  // Not the module's own _concrete_type, which frozen ones lack.
  const nb::object type =
      torch_api().torch.attr("_C").attr("ConcreteModuleType").attr("from_jit_type")(inside.attr("_type")());
  std::vector<nb::object> items;  // name, value, ...
  for (nb::handle name : nb::list(type.attr("get_attributes")())) {
    items.push_back(nb::borrow(name));
    items.push_back(inside.attr("getattr")(name));
  }
  return [inside, items = std::move(items)] { restore_script(inside, items); };
}

}  // namespace thoplw::capture
