// Moves arguments to the meta device and calls torch.
#include "capture/meta_kernels.h"

#include "capture/failure.h"
#include "capture/nested.h"
#include "capture/real_kernels.h"
#include "capture/second_opinion.h"

namespace thoplw::capture {
namespace {

nb::object moved_to_meta(Pass& pass, PyObject* arguments) {
  const TorchApi& api = pass.api;
  return with_items(arguments, [&](nb::handle value) {
    if (api.is_tensor(value.ptr())) return nb::borrow(pass.tensors.meta_of(pass.tensors.known(value.ptr())));
    return api.is_device(value.ptr()) ? api.meta_device : nb::borrow(value);
  });
}

}  // namespace

nb::object call_on_meta(const OpCall& call) {
  each_written(call, [&](nb::handle tensor) { mark_stale(call.pass, tensor); });
  nb::object kwargs = call.kwargs ? moved_to_meta(call.pass, call.kwargs) : nb::object();
  if (call.op.takes_device && call.read.tensors.empty()) {
    kwargs = kwargs.is_valid() ? take(PyDict_Copy(kwargs.ptr())) : nb::dict();
    kwargs["device"] = call.pass.api.meta_device;
  }
  const nb::object args = moved_to_meta(call.pass, call.args);
  try {
    return call_torch(call, args.ptr(), kwargs.ptr());
  } catch (const nb::python_error& refusal) {
    if (call.op.writes || is_callers(refusal) || wants_data(refusal)) throw;
    nb::object result = second_opinion(call.pass, call.op.call.ptr(), call.args, call.kwargs);
    if (!result.is_valid()) throw;
    return result;
  }
}

}  // namespace thoplw::capture
