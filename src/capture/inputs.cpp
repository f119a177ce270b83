// Walks nested inputs and replaces their tensors.
#include "capture/inputs.h"

#include <fmt/ranges.h>

#include "capture/layouts.h"
#include "trace/format.h"

namespace thoplw::capture {
namespace {

template <typename Replace>
nb::object map_tensors(const TorchApi& api, nb::handle value, const Replace& replace);

/// A copy of an object of any class, such as a ModelOutput, with other items or fields; itself where none has changed.
template <typename Replace, typename Get, typename Set>
nb::object map_copy(const TorchApi& api, nb::handle value, nb::handle keys, const Replace& replace, const Get& get,
                    const Set& set) {
  nb::object copy;
  for (nb::handle key : nb::list(nb::borrow(keys))) {
    const nb::object item = get(key);
    const nb::object mapped = map_tensors(api, item, replace);
    if (mapped.is(item)) continue;
    if (!copy.is_valid()) copy = nb::module_::import_("copy").attr("copy")(value);
    set(copy, key, mapped);
  }
  return copy.is_valid() ? copy : nb::borrow(value);
}

/// Rebuilds tuples (named ones too), lists, mappings and dataclasses with `replace` applied to each tensor.
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
  if (PyDict_Check(value.ptr())) {
    return map_copy(
        api, value, value, replace, [&](nb::handle key) { return take(PyObject_GetItem(value.ptr(), key.ptr())); },
        [](nb::object& copy, nb::handle key, const nb::object& item) { copy[key] = item; });
  }
  if (const nb::object fields = dataclass_fields(value); fields.is_valid()) {
    const nb::object set = nb::module_::import_("builtins").attr("object").attr("__setattr__");  // also of frozen ones
    return map_copy(
        api, value, fields, replace, [&](nb::handle name) { return take(PyObject_GetAttr(value.ptr(), name.ptr())); },
        [&](nb::object& copy, nb::handle name, const nb::object& item) { set(copy, name, item); });
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
    parts.push_back(formatted("{} {}", fmt::join(shape, "x"), name(api.dtype_of(dtype.ptr()))));
    return tensor;
  });
  return formatted("{}", fmt::join(parts, ", "));
}

}  // namespace thoplw::capture
