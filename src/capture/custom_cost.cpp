// Calls the users' functions, and checks what they return.
#include "capture/custom_cost.h"

#include "operators/shape/strides.h"

namespace thoplw::capture {
namespace {

struct NotRecording {
  explicit NotRecording(Strand& in) : strand(in) { strand.recording = false; }
  ~NotRecording() { strand.recording = true; }
  NotRecording(const NotRecording&) = delete;
  NotRecording& operator=(const NotRecording&) = delete;
  Strand& strand;
};

bool is_sequence(nb::handle value) { return PyTuple_Check(value.ptr()) || PyList_Check(value.ptr()); }

bool is_shape(nb::handle value) {
  return is_sequence(value) &&
         std::ranges::all_of(nb::borrow(value), [](nb::handle size) { return PyLong_Check(size.ptr()) != 0; });
}

/// Makes tensors of the type and on the device of the first floating input.
struct Maker {
  Pass& pass;
  nb::object like;  ///< or null

  nb::object tensor(nb::handle shape) const {
    const TorchApi& api = pass.api;
    const nb::object dtype = like.is_valid() ? nb::object(like.attr("dtype")) : api.torch.attr("get_default_dtype")();
    if (!pass.real) {
      const nb::object meta = api.torch.attr("empty")(shape, nb::arg("dtype") = dtype, nb::arg("device") = "meta");
      pass.tensors.add(meta.ptr());
      return meta;
    }
    const nb::object device = like.is_valid() ? nb::object(like.attr("device")) : api.cpu_device;
    return api.torch.attr("zeros")(shape, nb::arg("dtype") = dtype, nb::arg("device") = device);
  }

  nb::object operator()(nb::handle output) const {
    if (is_shape(output)) return tensor(output);
    if (!is_sequence(output)) return nb::borrow(output);
    nb::list items;
    for (nb::handle item : output) items.append((*this)(item));
    return PyTuple_Check(output.ptr()) ? nb::object(nb::tuple(items)) : nb::object(items);
  }
};

nb::object first_floating(const TorchApi& api, std::span<PyObject* const> args) {
  for (PyObject* arg : args) {
    if (api.is_tensor(arg) && nb::cast<bool>(nb::handle(arg).attr("is_floating_point")())) return nb::borrow(arg);
  }
  return {};
}

Count checked(nb::handle macs, const std::string& path) {
  std::int64_t count = -1;
  if (nb::try_cast(macs, count) && count >= 0) return count;
  throw Error(path + ": the function in custom_ops returned " + str_of(take(PyObject_Repr(macs.ptr())).ptr()) +
              "; it must return a number of MACs, an int of 0 or more");
}

}  // namespace

CustomCost find_custom_cost(const nb::dict& custom_ops, PyTypeObject* type) {
  if (custom_ops.size() == 0) return {};
  for (nb::handle base : nb::borrow(type->tp_mro)) {
    if (!custom_ops.contains(base)) continue;
    const nb::object given = custom_ops[base];
    return PyTuple_Check(given.ptr()) ? CustomCost{given[0], true} : CustomCost{given, false};
  }
  return {};
}

CustomResult ask_user(Pass& pass, const CustomCost& cost, PyObject* module, std::span<PyObject* const> args,
                      const nb::object& output, const std::string& path) {
  const NotRecording quiet(pass.strand());
  nb::list inputs;
  for (PyObject* arg : args) inputs.append(nb::handle(arg));
  nb::object result;
  try {
    result = cost.in_place_of_forward ? cost.function(nb::handle(module), nb::tuple(inputs))
                                      : cost.function(nb::handle(module), nb::tuple(inputs), output);
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    raise_from(error, path + ": the function in custom_ops raised " + brief(error));
  }
  if (!cost.in_place_of_forward) return {checked(result, path), output};
  if (!PyTuple_Check(result.ptr()) || PyTuple_GET_SIZE(result.ptr()) != 2) {
    throw Error(path + ": the function in custom_ops returned " + str_of(take(PyObject_Repr(result.ptr())).ptr()) +
                "; one of (layer, inputs) must return a pair: a number of MACs, and the shape of the output");
  }
  const Maker make{pass, first_floating(pass.api, args)};
  return {checked(nb::object(result[0]), path), make(nb::object(result[1]))};
}

}  // namespace thoplw::capture
