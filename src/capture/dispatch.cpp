// Answers operators: natively where a rule is sure, else through torch's meta kernel; small integer work runs for real.
#include "capture/dispatch.h"

#include <algorithm>

#include "capture/flop_formulas.h"
#include "capture/input_form.h"
#include "capture/meta_kernels.h"
#include "capture/native_answers.h"
#include "capture/real_kernels.h"

namespace thoplw::capture {
namespace {

/// Takes a composite operator apart: its parts come back to this mode.
nb::object decompose(const OpCall& call) {
  const TorchApi& api = call.session.api;
  const nb::object decomposition = take(PyObject_GetAttr(call.op.func.ptr(), api.names.decompose));
  const ModeOn on(call.session);
  ++call.session.strand().decomposing;
  PyObject* result = PyObject_Call(decomposition.ptr(), call.args, call.kwargs);
  --call.session.strand().decomposing;
  return take(result);
}

/// Factories: integers and booleans are made for real even where meta is asked for, so that a model can look at them.
nb::object answer_factory(const OpCall& call) {
  PyObject* device = call.kwargs ? PyDict_GetItemString(call.kwargs, "device") : nullptr;
  const bool asks_meta = device && nb::handle(device).equal(call.session.api.meta_device);
  std::vector<Result> results;
  nb::object on_meta;
  if (!call.session.native_rules || !ask_rule(call, results)) {
    on_meta = call_on_meta(call);
    if (!call.session.api.is_tensor(on_meta.ptr())) return record_result(call, on_meta);
    results.push_back({.tensor = call.session.tensors.known(on_meta.ptr()).layout});
  }
  const std::int64_t size = elements(results.front().tensor.sizes);
  const bool integral = is_integral(results.front().tensor.dtype);
  if (integral ? size <= kMaxRealIntegers : !asks_meta && size <= kMaxRealFloats) return run_real(call);
  if (!call.op.random && size <= kMaxRealIntegers) return run_real(call, true);
  return on_meta.is_valid() ? record_result(call, on_meta) : answer_natively(call);
}

/// `known`: there is a rule or a formula for the operator as it is.
nb::object answer(const OpCall& call, bool known) {
  Session& session = call.session;
  // No: sequences are counted with their padding, as they are given, whatever the values in the mask.
  if (call.op.asks_to_pack) return nb::bool_(false);
  if (session.real) {
    if (!known && call.op.composite) return decompose(call);
    keep_written(call);
    nb::object result = call_for_real(call, call.args, call.kwargs);
    if (call.op.changes_layout) session.tensors.refresh(*call.read.tensors.front());
    return record_result(call, std::move(result));
  }
  if (call.read.tensors.empty() && call.op.takes_device) return answer_factory(call);
  if (all_real_and_small(call)) {
    if (!known && call.op.composite) return decompose(call);
    return run_real(call);
  }
  if (call.op.in_place && !call.op.changes_layout) {
    if (nb::object self = answer_in_place(call); self.is_valid()) return self;
  } else if (session.native_rules && !call.op.writes) {
    if (nb::object result = answer_natively(call); result.is_valid()) return result;
  }
  if (!known && call.op.composite) return decompose(call);
  nb::object result = call_on_meta(call);
  if (call.op.changes_layout) session.tensors.refresh(*call.read.tensors.front());
  return record_result(call, std::move(result));
}

/// Whether the forward has made a tensor of a class that keeps others inside.
bool reads_new_wrapper(const Session& session, const Arguments& read) {
  return std::ranges::any_of(read.tensors, [&](const KnownTensor* tensor) {
    if (!tensor || tensor->own || session.api.is_plain_tensor(tensor->object)) return false;
    const auto same = [&](const nb::object& external) { return external.ptr() == tensor->object; };
    return has_own_dispatch(session.api, tensor->object) && std::ranges::none_of(session.external_tensors, same);
  });
}

}  // namespace

nb::object dispatch(Session& session, PyObject* func, PyObject* args, PyObject* kwargs) {
  const BorrowedArguments borrowed(session);
  const Operator& op = operator_of(func);
  if (op.asks_layout) return take(PyObject_Call(func, args, kwargs));
  if (op.asks_compatible) return nb::bool_(true);  // weights stay where they are and activations are on meta
  if (op.is_dual) session.wanted.autograd = true;
  read_arguments(session.api, op, args, kwargs, session.tensors, *borrowed);
  if (!session.real && reads_new_wrapper(session, *borrowed)) {
    PyErr_SetString(PyExc_NotImplementedError, "a tensor of that class has no meta form that tells what it holds");
    throw nb::python_error();
  }
  const OpCall call{session, op, args, kwargs, *borrowed};
  const nb::object formula = registered_formula(op);
  nb::object result = answer(call, op.rule || formula.is_valid());
  if (formula.is_valid()) {
    Attr flops{"flops", registered_flops(formula, op, args, kwargs, result)};
    session.trace.ops.back().attrs.push_back(std::move(flops));
  }
  return result;
}

}  // namespace thoplw::capture
