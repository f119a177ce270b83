// Runs a first forward on a copy, which gives lazy parameters their sizes and leaves the model itself as it is.
#include "capture/lazy_parameters.h"

#include "capture/as_found.h"
#include "capture/grad_mode.h"
#include "capture/inputs.h"

namespace thoplw::capture {
namespace {

/// torch can copy uninitialized parameters, but not buffers: those are handed to deepcopy as already copied.
nb::object fresh_copy(const nb::object& model) {
  const TorchApi& api = torch_api();
  nb::dict copied;
  for (nb::handle buffer : model.attr("buffers")()) {
    if (!nb::isinstance(buffer, api.uninitialized_type)) continue;
    copied[nb::int_(reinterpret_cast<std::uintptr_t>(buffer.ptr()))] =
        nb::borrow(buffer.type())(nb::arg("device") = buffer.attr("device"), nb::arg("dtype") = buffer.attr("dtype"));
  }
  const nb::object copy = nb::module_::import_("copy").attr("deepcopy")(model, copied);
  return copy.attr("eval")();
}

nb::object after_forward(nb::object model, const nb::object& args, const nb::object& kwargs) {
  take(PyObject_Call(model.ptr(), args.ptr(), kwargs.ptr()));
  return model;
}

nb::object initialised_for_real(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs) {
  const TorchApi& api = torch_api();
  Pass pass(api);
  const AsFound as_found(pass);
  try {
    return after_forward(fresh_copy(model), inputs_for_real(pass, args, api.cpu_device),
                         inputs_for_real(pass, kwargs, api.cpu_device));
  } catch (nb::python_error& error) {
    if (is_callers(error)) throw;
    raise_from(error, "the model has lazy parameters, and the forward that sizes them raised " + brief(error));
  }
}

}  // namespace

nb::object initialised_copy(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs) {
  const TorchApi& api = torch_api();
  const RandomState random;  // initialisation uses numbers up
  const GradMode no_grad(api, Grad::off);
  try {
    Pass pass(api);
    const AsFound as_found(pass);
    return after_forward(fresh_copy(model).attr("to")(api.meta_device), inputs_all_meta(pass, args),
                         inputs_all_meta(pass, kwargs));
  } catch (const nb::python_error& error) {  // a forward that looks at values
    pass_on_interrupt(error);
  }
  return initialised_for_real(model, args, kwargs);
}

}  // namespace thoplw::capture
