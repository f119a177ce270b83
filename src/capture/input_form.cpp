// Makes the meta tensor for an input. Subclasses that keep data in C++ would lose it: they want a real forward.
#include "capture/input_form.h"

#include "capture/dispatch_mode.h"
#include "capture/known_values.h"

namespace thoplw::capture {
namespace {

/// Whether a mode's tensors can be made ones of a subclass: torch before about 2.5 refuses those that Python has seen,
/// and so the first operation of such an input.
bool modes_take_subclasses(const TorchApi& api, const nb::object& type) {
  static const bool they_do = [&] {
    const nb::object plain = take(PyObject_CallOneArg(api.tensor_type.ptr(), nb::make_tuple().ptr()));
    api.push(the_mode().ptr());
    bool taken = true;
    try {
      plain.attr("as_subclass")(type);
    } catch (nb::python_error&) {
      taken = false;
    }
    api.pop();
    return taken;
  }();
  return they_do;
}

/// The meta tensor `made` as one of the input's class.
nb::object as_class_of(Pass& pass, const nb::object& input, const nb::object& made) {
  const TorchApi& api = pass.api;
  const nb::object type = nb::borrow(input.type());
  nb::object other = type.is(api.parameter_type)
                         ? api.tensor_type.attr("_make_subclass")(type, made, input.attr("requires_grad"))
                         : made.attr("as_subclass")(type);
  KnownTensor& known = pass.tensors.add(other.ptr(), &pass.tensors.known(made.ptr()));
  known.place = KnownTensor::Place::meta;
  return other;
}

}  // namespace

bool has_own_dispatch(const TorchApi& api, nb::handle tensor) {
  static PyObject* name = interned("__torch_dispatch__");
  const nb::object own = attr_or_null(tensor.type().ptr(), name);
  const nb::object torchs = attr_or_null(api.tensor_type.ptr(), name);
  if (own.is(torchs)) return false;
  const std::string module = str_of(nb::object(tensor.type().attr("__module__")).ptr());
  return !module.starts_with("torch._subclasses.") && !module.starts_with("torch.distributed.");
}

nb::object stand_in_for(Pass& pass, const nb::object& input) {
  const TorchApi& api = pass.api;
  KnownTensor& known = pass.tensors.known(input.ptr());
  pass.tensors.require_form(known);
  if (is_integral(known.layout.dtype) || pass.tensors.is_meta(known)) return input;
  const bool plain = input.type().is(api.tensor_type);
  if (!plain && has_own_dispatch(api, input)) {
    PyErr_SetString(PyExc_NotImplementedError, "a tensor of that class has no meta form that tells what it holds");
    throw nb::python_error();
  }
  nb::object made = pass.tensors.make(pass.tensors.strided(known), &known);
  if (!plain && (input.type().is(api.parameter_type) || modes_take_subclasses(api, nb::borrow(input.type())))) {
    made = as_class_of(pass, input, made);
  }
  if (nb::cast<bool>(input.attr("requires_grad"))) made.attr("requires_grad_")();
  const nb::object attributes = take(PyObject_GenericGetDict(input.ptr(), nullptr));
  if (PyDict_GET_SIZE(attributes.ptr()) > 0) made.attr("__dict__").attr("update")(attributes);
  pass.tensors.known(made.ptr()).values = given_values(input);
  pass.stand_ins.emplace(made.ptr(), input);
  return made;
}

}  // namespace thoplw::capture
