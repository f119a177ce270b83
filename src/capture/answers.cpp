// Chooses how an operator is answered: by a rule, by torch's meta kernel, for real, or by its parts.
#include "capture/answers.h"

#include "capture/failure.h"
#include "capture/input_form.h"
#include "capture/known_values.h"
#include "capture/masked.h"
#include "capture/meta_kernels.h"
#include "capture/native_answers.h"
#include "capture/real_kernels.h"

namespace thoplw::capture {
namespace {

/// Takes a composite operator apart: its parts come back to this mode.
nb::object decompose(const OpCall& call) {
  const TorchApi& api = call.pass.api;
  const nb::object decomposition = take(PyObject_GetAttr(call.op.func.ptr(), api.names.decompose));
  const ModeOn on(call.pass);
  ++call.pass.strand().decomposing;
  PyObject* result = PyObject_Call(decomposition.ptr(), call.args, call.kwargs);
  --call.pass.strand().decomposing;
  return take(result);
}

/// Factories: integers and booleans are made for real even where meta is asked for, so that a model can look at them.
nb::object answer_factory(const OpCall& call) {
  PyObject* device = call.kwargs ? PyDict_GetItemString(call.kwargs, "device") : nullptr;
  const bool asks_meta = device && nb::handle(device).equal(call.pass.api.meta_device);
  std::vector<Result> results;
  nb::object on_meta;
  if (!call.pass.native_rules || !ask_rule(call, results)) {
    on_meta = call_on_meta(call);
    if (!call.pass.api.is_tensor(on_meta.ptr())) return record_result(call, on_meta);
    results.push_back({.tensor = call.pass.tensors.shape_of(on_meta.ptr())});
  }
  const std::int64_t size = elements(results.front().tensor.sizes);
  const bool integral = is_integral(results.front().tensor.dtype);
  if (integral ? size <= kMaxRealIntegers : !asks_meta && size <= kMaxRealFloats) return run_real(call);
  if (!call.op.random && size <= kMaxRealIntegers) return run_real(call, true);
  const nb::object result = on_meta.is_valid() ? record_result(call, on_meta) : answer_natively(call);
  if (call.op.repeatable) remember(call, result);
  return result;
}

/// Few integers that follow from known values are worked out at once, as others are: torch does not ask us for those of
/// tensors that a forward lists. Null for all else, and for views, which what they are views of may be written through.
nb::object answer_at_once(const OpCall& call) {
  std::vector<Result> results;
  if (!call.pass.native_rules || !ask_rule(call, results) || results.size() != 1) return {};
  const Result& result = results.front();
  const bool fresh = !result.same && result.alias_of < 0;
  const bool few = is_integral(result.tensor.dtype) && elements(result.tensor.sizes) <= kMaxRealFloats;
  return fresh && few ? answer_by_values(call) : nb::object();
}

nb::object ask_torch(const OpCall& call, bool follows) {
  if (nb::object result = answer_masked(call); result.is_valid()) return result;
  try {
    nb::object result = call_on_meta(call);
    if (call.op.changes_layout) call.pass.tensors.refresh(*call.read.tensors.front());
    return record_result(call, std::move(result));
  } catch (const nb::python_error& refusal) {
    nb::object result = follows && wants_data(refusal) ? answer_by_values(call) : nb::object();
    if (!result.is_valid()) throw;
    return result;
  }
}

nb::object answer_on_meta(const OpCall& call, bool known) {
  Pass& pass = call.pass;
  if (call.op.in_place && !call.op.changes_layout) {
    if (nb::object self = write_values(call); self.is_valid()) return self;
    if (nb::object self = answer_in_place(call); self.is_valid()) return self;
  }
  const bool follow = follows(call);
  if (follow) {
    if (nb::object result = answer_at_once(call); result.is_valid()) return result;
  }
  nb::object result;
  if (pass.native_rules && !call.op.writes) result = answer_natively(call);
  if (!result.is_valid() && !known && call.op.composite) return decompose(call);
  if (!result.is_valid()) result = ask_torch(call, follow);
  if (follow) remember(call, result);
  return result;
}

}  // namespace

nb::object answer(const OpCall& call, bool known) {
  Pass& pass = call.pass;
  // No: sequences are counted with their padding, as they are given, whatever the values in the mask.
  if (call.op.asks_to_pack) return nb::bool_(false);
  if (pass.real) {
    if (!known && call.op.composite) return decompose(call);
    keep_written(call);
    nb::object result = call_for_real(call, call.args, call.kwargs);
    if (call.op.changes_layout) pass.tensors.refresh(*call.read.tensors.front());
    return record_result(call, std::move(result));
  }
  if (call.read.tensors.empty() && call.op.takes_device) return answer_factory(call);
  if (all_real_and_small(call)) {
    if (!known && call.op.composite) return decompose(call);
    return run_real(call);
  }
  return answer_on_meta(call, known);
}

}  // namespace thoplw::capture
