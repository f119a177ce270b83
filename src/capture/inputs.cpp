// Walks nested inputs and replaces their tensors.
#include "capture/inputs.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "capture/layouts.h"

namespace thoplw::capture {
namespace {

/// Rebuilds tuples (named ones too), lists and dicts with `replace` applied to each tensor.
template <typename Replace>
nb::object map_tensors(const TorchApi& api, nb::handle value, const Replace& replace) {
  if (api.is_tensor(value.ptr())) return replace(nb::borrow(value));
  if (PyTuple_Check(value.ptr()) || PyList_CheckExact(value.ptr())) {
    nb::list items;
    for (nb::handle item : value) items.append(map_tensors(api, item, replace));
    if (PyList_CheckExact(value.ptr())) return items;
    if (PyTuple_CheckExact(value.ptr())) return nb::tuple(items);
    const nb::object type = nb::borrow(value.type());
    return nb::hasattr(type, "_make") ? type.attr("_make")(items) : type(items);
  }
  if (PyDict_CheckExact(value.ptr())) {
    nb::dict items;
    for (auto [key, item] : nb::borrow<nb::dict>(value)) items[key] = map_tensors(api, item, replace);
    return items;
  }
  return nb::borrow(value);
}

}  // namespace

nb::object inputs_on_meta(Session& session, nb::handle value) {
  return map_tensors(session.api, value, [&](nb::object tensor) {
    session.external_tensors.push_back(tensor);
    KnownTensor& known = session.tensors.known(tensor.ptr());
    session.tensors.require_form(known);
    if (is_integral(known.layout.dtype) || session.tensors.is_meta(known)) return tensor;
    return session.tensors.make(session.tensors.strided(known));
  });
}

nb::object inputs_all_meta(const TorchApi& api, nb::handle value) {
  return map_tensors(api, value, [&](nb::object tensor) { return tensor.attr("to")(api.meta_device); });
}

nb::object inputs_for_real(Session& session, nb::handle value, nb::handle device) {
  const nb::object torch = session.api.torch;
  return map_tensors(session.api, value, [&](nb::object tensor) -> nb::object {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) {
      session.external_tensors.push_back(tensor);
      return tensor;
    }
    const bool random = nb::cast<bool>(tensor.attr("is_floating_point")());
    const nb::object make = torch.attr(random ? "rand" : "zeros");
    return make(tensor.attr("shape"), nb::arg("device") = device).attr("to")(tensor.attr("dtype"));
  });
}

std::string describe_inputs(const TorchApi& api, nb::handle value) {
  std::vector<std::string> parts;
  map_tensors(api, value, [&](nb::object tensor) {
    const std::optional<Held> held = held_by(api, tensor);
    const Dims shape = held ? held->sizes : dims_of(nb::object(tensor.attr("shape")).ptr());
    const nb::object dtype = tensor.attr("dtype");
    parts.push_back(fmt::format("{} {}", fmt::join(shape, "x"), name(api.dtype_of(dtype.ptr()))));
    return tensor;
  });
  return fmt::format("{}", fmt::join(parts, ", "));
}

}  // namespace thoplw::capture
