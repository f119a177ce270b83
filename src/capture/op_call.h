// One operator that torch has handed over: its arguments, and the calls that answer it.
#pragma once

#include "capture/arguments.h"
#include "capture/operators.h"
#include "capture/pass.h"

namespace thoplw::capture {

struct OpCall {
  Pass& pass;
  const Operator& op;
  PyObject* args;    ///< tuple
  PyObject* kwargs;  ///< dict or null
  Arguments& read;
};

inline nb::object call_torch(const OpCall& call, PyObject* args, PyObject* kwargs) {
  return take(PyObject_Call(call.op.call.ptr(), args, kwargs));
}

/// Every tensor that the operator writes to, as its schema says.
template <typename Visit>
void each_written(const OpCall& call, const Visit& visit) {
  if (!call.op.writes) return;
  for (std::size_t i = 0; i < call.op.args.size(); ++i) {
    PyObject* object = call.op.args[i].written ? call.read.objects[i] : nullptr;
    if (!object) continue;
    if (call.pass.api.is_tensor(object)) visit(nb::handle(object));
    if (PyList_Check(object) || PyTuple_Check(object)) {
      for (nb::handle item : nb::borrow(object)) {
        if (call.pass.api.is_tensor(item.ptr())) visit(item);
      }
    }
  }
}

}  // namespace thoplw::capture
