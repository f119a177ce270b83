// Checks arguments by hand: nanobind's own message for a wrong type is a TypeError that lists all signatures.
#include "python/given.h"

#include <limits>

#include "base/error.h"
#include "base/harmless.h"
#include "capture/python.h"

namespace thoplw::given {
namespace {

[[noreturn]] void fail(const char* name, const std::string& wanted, nb::handle value) {
  throw Error(std::string(name) + " must be " + wanted + ", not " + shown(value));
}

/// Nothing where it is no str, or one with half of a surrogate pair in it.
std::optional<std::string> utf8(nb::handle value) {
  if (!PyUnicode_Check(value.ptr())) return std::nullopt;
  Py_ssize_t size = 0;
  const char* bytes = PyUnicode_AsUTF8AndSize(value.ptr(), &size);
  if (bytes) return std::string(bytes, static_cast<std::size_t>(size));
  PyErr_Clear();
  return std::nullopt;
}

/// Error.__init__(self, *args): what the names in a message hold does nothing.
void init_error(nb::handle self, nb::args args) {
  nb::list harmless_args;
  for (const nb::handle arg : args) {
    if (PyUnicode_Check(arg.ptr())) {
      harmless_args.append(nb::cast(harmless_message(capture::text_of(arg.ptr()))));
    } else {
      harmless_args.append(arg);
    }
  }
  nb::handle(PyExc_ValueError).attr("__init__")(self, *nb::tuple(harmless_args));
}

}  // namespace

std::string shown(nb::handle value) {
  const nb::object text = nb::steal(PyObject_Repr(value.ptr()));
  if (text.is_valid()) return capture::text_of(text.ptr());
  PyErr_Clear();  // its own repr raises
  return std::string("an object of type ") + Py_TYPE(value.ptr())->tp_name;
}

std::string text(nb::handle value, const char* name) {
  const auto found = utf8(value);
  if (!found) fail(name, "a str", value);
  return *found;
}

std::optional<std::string> text_or_none(nb::handle value, const char* name) {
  if (value.is_none()) return std::nullopt;
  const auto found = utf8(value);
  if (!found) fail(name, "a str or None", value);
  return found;
}

std::optional<std::int64_t> number_or_none(nb::handle value, const char* name, std::int64_t least) {
  if (value.is_none()) return std::nullopt;
  const std::string wanted = "an int of " + std::to_string(least) + " or more, or None";
  const nb::object whole = nb::steal(PyBool_Check(value.ptr()) ? nullptr : PyNumber_Index(value.ptr()));
  if (!whole.is_valid()) {
    PyErr_Clear();
    fail(name, wanted, value);
  }
  int overflow = 0;
  const long long number = PyLong_AsLongLongAndOverflow(whole.ptr(), &overflow);
  if (overflow != 0 || number < least) fail(name, wanted, value);
  return number;
}

std::uint32_t count(nb::handle value, const char* name) {
  const std::int64_t number = number_or_none(value, name, 1).value_or(1);
  if (number > std::numeric_limits<std::int32_t>::max()) throw Error(std::string(name) + " is too large");
  return static_cast<std::uint32_t>(number);
}

bool flag(nb::handle value, const char* name) {
  if (!PyBool_Check(value.ptr())) fail(name, "True or False", value);
  return value.ptr() == Py_True;
}

double share(nb::handle value, const char* name) {
  const double number = PyBool_Check(value.ptr()) ? -1 : PyFloat_AsDouble(value.ptr());
  PyErr_Clear();
  if (!(number >= 0 && number <= 1)) fail(name, "a number of 0 to 1", value);
  return number;
}

std::vector<std::string> texts(nb::handle value, const char* name) {
  if (auto one = utf8(value)) return {std::move(*one)};
  std::vector<std::string> all;
  const bool is_text = PyUnicode_Check(value.ptr()) || PyBytes_Check(value.ptr());
  const nb::object items = nb::steal(is_text ? nullptr : PySequence_List(value.ptr()));
  if (!items.is_valid()) {
    PyErr_Clear();
    fail(name, "a str or a list of them", value);
  }
  for (const nb::handle item : nb::borrow<nb::list>(items)) {
    auto one = utf8(item);
    if (!one) fail(name, "a str or a list of them", value);
    all.push_back(std::move(*one));
  }
  return all;
}

std::string path(nb::handle value) {
  try {
    const auto bytes = nb::cast<nb::bytes>(nb::module_::import_("os").attr("fsencode")(value));
    const std::string name(bytes.c_str(), bytes.size());
    if (name.find('\0') == std::string::npos) return name;
  } catch (const nb::python_error&) {
  }
  fail("path", "the path of a file", value);
}

nb::object make_error_class(const char* doc) {
  nb::object error = nb::steal(PyErr_NewExceptionWithDoc("thoplw.Error", doc, PyExc_ValueError, nullptr));
  if (!error.is_valid()) throw nb::python_error();
  error.attr("__init__") = nb::cpp_function(init_error, nb::is_method());
  return error;
}

}  // namespace thoplw::given
