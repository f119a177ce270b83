// Takes each operator that torch hands to the dispatch mode, and sees to it that it is answered and recorded.
#include "capture/dispatch.h"

#include <algorithm>

#include "capture/answers.h"
#include "capture/flop_formulas.h"
#include "capture/input_form.h"
#include "capture/op_call.h"

namespace thoplw::capture {
namespace {

/// Whether the forward has made a tensor of a class that keeps others inside.
bool reads_new_wrapper(const Pass& pass, const Arguments& read) {
  return std::ranges::any_of(read.tensors, [&](const KnownTensor* tensor) {
    if (!tensor || tensor->own || pass.api.is_plain_tensor(tensor->object)) return false;
    const auto same = [&](const nb::object& external) { return external.ptr() == tensor->object; };
    return has_own_dispatch(pass.api, tensor->object) && std::ranges::none_of(pass.external_tensors, same);
  });
}

nb::object dispatch_as_given(Pass& pass, PyObject* func, PyObject* args, PyObject* kwargs) {
  const BorrowedArguments borrowed(pass);
  const Operator& op = operator_of(func);
  if (op.asks_layout) return take(PyObject_Call(func, args, kwargs));
  if (op.asks_compatible) return nb::bool_(true);  // weights stay where they are and activations are on meta
  if (op.is_dual) pass.wanted.autograd = true;
  read_arguments(pass.api, op, args, kwargs, pass.tensors, *borrowed);
  if (!pass.real && reads_new_wrapper(pass, *borrowed)) {
    PyErr_SetString(PyExc_NotImplementedError, "a tensor of that class has no meta form that tells what it holds");
    throw nb::python_error();
  }
  const OpCall call{pass, op, args, kwargs, *borrowed};
  const nb::object formula = registered_formula(op);
  nb::object result = answer(call, op.rule || formula.is_valid());
  if (formula.is_valid()) {
    Attr flops{"flops", registered_flops(formula, op, args, kwargs, result)};
    pass.trace.ops.back().attrs.push_back(std::move(flops));
  }
  return result;
}

}  // namespace

nb::object dispatch(Pass& pass, PyObject* func, PyObject* args, PyObject* kwargs) {
  if (!pass.casts) return dispatch_as_given(pass, func, args, kwargs);
  const Operator& op = operator_of(func);
  const Cast cast = pass.casts->cast_of(op);
  if (cast == Cast::none) return dispatch_as_given(pass, func, args, kwargs);
  const Casts::Given given = pass.casts->cast(pass, op, cast, args, kwargs);
  const Casts::Inside inside(*pass.casts);
  return dispatch_as_given(pass, func, given.args.ptr(), given.kwargs.is_valid() ? given.kwargs.ptr() : nullptr);
}

}  // namespace thoplw::capture
