// A module of Python with the exchange of a function's code alone: what it touches differs between Pythons.
#include "capture/entry_point.h"

namespace nb = nanobind;

namespace {

thoplw::capture::EntryPoint entry;

/// ("ours", what the function itself gives)
PyObject* ours(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  PyObject* theirs = entry.call(function, args, nargsf, names);
  return theirs ? Py_BuildValue("(sN)", "ours", theirs) : nullptr;
}

}  // namespace

NB_MODULE(entry_point, m) {
  m.def("exchange", [](nb::object function) { entry.exchange(function, ours); });
  m.def("put_back", [] { entry.put_back(); });
}
