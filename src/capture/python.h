// The few Python idioms that capture needs, on top of nanobind's owning references.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/string.h>

#include <algorithm>
#include <string>

namespace thoplw::capture {

namespace nb = nanobind;

/// An owned reference from a new one; throws the pending Python error where it is null.
inline nb::object take(PyObject* fresh) {
  if (!fresh) throw nb::python_error();
  return nb::steal(fresh);
}

/// A string object that lives as long as the process, for attribute and keyword names on the hot path.
inline PyObject* interned(const char* text) {
  PyObject* name = PyUnicode_InternFromString(text);
  if (!name) throw nb::python_error();
  return name;
}

/// A str as UTF-8; half of a surrogate pair, which has none, is spelt out.
inline std::string text_of(PyObject* unicode) {
  Py_ssize_t size = 0;
  const char* data = PyUnicode_AsUTF8AndSize(unicode, &size);
  if (data) return {data, static_cast<std::size_t>(size)};
  PyErr_Clear();
  const nb::object bytes = take(PyUnicode_AsEncodedString(unicode, "utf-8", "backslashreplace"));
  return {PyBytes_AS_STRING(bytes.ptr()), static_cast<std::size_t>(PyBytes_GET_SIZE(bytes.ptr()))};
}

/// str(object)
inline std::string str_of(PyObject* object) { return text_of(take(PyObject_Str(object)).ptr()); }

/// Within a catch block that goes on past errors: past Ctrl-C none may.
inline void pass_on_interrupt(const nb::python_error& error) {
  if (!error.matches(PyExc_Exception)) throw;
}

/// getattr(object, name) or a null object where there is none.
inline nb::object attr_or_null(PyObject* object, PyObject* name) {
  PyObject* value = PyObject_GetAttr(object, name);
  if (!value) {
    if (!PyErr_ExceptionMatches(PyExc_Exception)) throw nb::python_error();
    PyErr_Clear();
  }
  return nb::steal(value);
}

/// A name that Python keeps of a class or a function, which users may have set to anything.
inline std::string name_of(nb::handle object, const char* attribute = "__name__") {
  const nb::object name = attr_or_null(object.ptr(), nb::str(attribute).ptr());
  return name.is_valid() ? str_of(name.ptr()) : "None";
}

/// What instances of a class find in it or its bases, unbound and borrowed; null where there is none.
inline PyObject* in_class(PyObject* type, PyObject* name) {
  return _PyType_Lookup(reinterpret_cast<PyTypeObject*>(type), name);
}

/// What `dataclasses` keeps of the fields of this object's class, by name; a null object where it is no dataclass.
inline nb::object dataclass_fields(nb::handle object) {
  static PyObject* name = interned("__dataclass_fields__");
  if (object.is_none() || PyLong_Check(object.ptr()) || PyUnicode_Check(object.ptr()) || PyFloat_Check(object.ptr())) {
    return {};
  }
  const nb::object fields = attr_or_null(reinterpret_cast<PyObject*>(Py_TYPE(object.ptr())), name);
  return fields.is_valid() && PyDict_Check(fields.ptr()) ? fields : nb::object();
}

/// The Python exception class thoplw.Error; the binding creates it.
inline nb::handle error_class;

/// Sets the Python error for a C++ exception. The class makes what is in its message harmless.
inline void set_error(const std::exception& error) {
  const std::string text = error.what();
  // Names in files need not be UTF-8.
  const nb::object message =
      nb::steal(PyUnicode_DecodeUTF8(text.data(), static_cast<Py_ssize_t>(text.size()), "backslashreplace"));
  if (message.is_valid()) PyErr_SetObject(error_class.ptr(), message.ptr());
}

/// Raises thoplw.Error(message) from the given exception.
[[noreturn]] inline void raise_from(const nb::python_error& cause, const std::string& message) {
  nb::object error = error_class(message);
  error.attr("__cause__") = nb::borrow(cause.value());
  PyErr_SetObject(error_class.ptr(), error.ptr());
  throw nb::python_error();
}

/// str(error), empty where that raises.
inline std::string message_of(nb::handle error) {
  try {
    return str_of(error.ptr());
  } catch (const nb::python_error& another) {
    pass_on_interrupt(another);
    return "";
  }
}

/// "RuntimeError: mat1 and mat2 shapes cannot be multiplied": type and first line, cut where it goes on and on.
inline std::string brief(const nb::python_error& error) {
  constexpr std::size_t kMost = 160;
  std::string text = message_of(error.value());
  text.resize(std::min(text.size(), text.find('\n')));
  if (text.size() > kMost) text = text.substr(0, text.rfind(' ', kMost)) + " ...";
  return name_of(error.type()) + ": " + text;
}

}  // namespace thoplw::capture
