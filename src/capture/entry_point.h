// The code that a Python function runs when it is called, exchanged for ours and put back.
#pragma once

#include "capture/python.h"

namespace thoplw::capture {

/// Leaves the attribute that holds the function alone: setting that of a class would empty its method caches.
class EntryPoint {
 public:
  using Code = vectorcallfunc;

  /// `function` must be a Python function.
  void exchange(nb::object function, Code ours) {
    function_ = reinterpret_cast<PyFunctionObject*>(function.release().ptr());
    original_ = function_->vectorcall;
    function_->vectorcall = ours;
#if PY_VERSION_HEX >= 0x030b0000
    function_->func_version =
        0;  // what the interpreter has specialised for it no longer holds; 3.10 specialises nothing
#endif
  }
  void put_back() {
    function_->vectorcall = original_;
    Py_CLEAR(function_);
  }

  bool exchanged() const { return function_ != nullptr; }
  PyObject* function() const { return reinterpret_cast<PyObject*>(function_); }
  PyObject* call(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) const {
    return original_(function, args, nargsf, names);
  }

 private:
  PyFunctionObject* function_ = nullptr;
  Code original_ = nullptr;
};

}  // namespace thoplw::capture
