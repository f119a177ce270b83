// Moves arguments to the meta device and calls torch.
#include "capture/meta_kernels.h"

#include "capture/failure.h"
#include "capture/real_kernels.h"
#include "capture/second_opinion.h"

namespace thoplw::capture {
namespace {

nb::object moved_to_meta(Session& session, PyObject* value) {
  if (session.api.is_tensor(value)) {
    return nb::borrow(session.tensors.meta_of(session.tensors.known(value)));
  }
  if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
    nb::list items;
    for (nb::handle item : nb::borrow(value)) items.append(moved_to_meta(session, item.ptr()));
    return PyTuple_CheckExact(value) ? nb::object(nb::tuple(items)) : nb::object(items);
  }
  if (PyObject_TypeCheck(value, reinterpret_cast<PyTypeObject*>(session.api.device_type.ptr()))) {
    return session.api.meta_device;
  }
  return nb::borrow(value);
}

}  // namespace

nb::object call_on_meta(const OpCall& call) {
  each_written(call, [&](nb::handle tensor) { mark_stale(call.session, tensor); });
  nb::dict kwargs;
  if (call.kwargs) {
    for (auto [name, value] : nb::borrow<nb::dict>(call.kwargs)) {
      kwargs[name] = moved_to_meta(call.session, value.ptr());
    }
  }
  if (call.op.takes_device && call.read.tensors.empty()) kwargs["device"] = call.session.api.meta_device;
  const nb::object args = moved_to_meta(call.session, call.args);
  try {
    return call_torch(call, args.ptr(), kwargs.ptr());
  } catch (const nb::python_error& refusal) {
    if (call.op.writes || is_callers(refusal) || wants_data(refusal)) throw;
    nb::object result = second_opinion(call.session, call.op.call.ptr(), call.args, call.kwargs);
    if (!result.is_valid()) throw;
    return result;
  }
}

}  // namespace thoplw::capture
