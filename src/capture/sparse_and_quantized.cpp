// Asks tensors of other layouts than the plain one what they hold, with all modes off.
#include "capture/sparse_and_quantized.h"

#include "capture/mode_stack.h"
#include "capture/tensors.h"

namespace thoplw::capture {
namespace {

Dims longest(const nb::object& lengths) {
  Dims sizes = {nb::cast<std::int64_t>(lengths.attr("shape")[0])};
  if (sizes[0] == 0) return sizes;
  for (nb::handle size : nb::object(lengths.attr("amax")(0).attr("tolist")())) {
    sizes.push_back(nb::cast<std::int64_t>(size));
  }
  return sizes;
}

/// Rows of all sequences stand one behind the other; `_lengths` is there where there is room between them.
nb::object lengths_of_jagged(nb::handle tensor) {
  const nb::object given = tensor.attr("_lengths");
  return given.is_none() ? nb::object(tensor.attr("_offsets").attr("diff")()) : given;
}

Dims values_of_jagged(nb::handle tensor) { return dims_of(nb::object(tensor.attr("_values").attr("shape")).ptr()); }

Held held_by_jagged(nb::handle tensor) {
  const nb::object lengths = lengths_of_jagged(tensor);
  const auto ragged = nb::cast<std::size_t>(tensor.attr("_ragged_idx"));
  const Dims values = values_of_jagged(tensor);
  if (nb::cast<bool>(lengths.attr("is_meta"))) return {values, -1};  // torch's stand-in for any such tensor
  Held held{values, nb::cast<std::int64_t>(lengths.attr("sum")().attr("item")())};
  for (std::size_t i = 0; i < values.size(); ++i) held.stored *= i + 1 == ragged ? 1 : values[i];
  held.sizes[ragged - 1] = nb::cast<std::int64_t>(lengths.attr("amax")().attr("item")());
  held.sizes.insert(held.sizes.begin(), nb::cast<std::int64_t>(lengths.attr("shape")[0]));
  return held;
}

Dims parts_of_jagged(nb::handle tensor) {
  const nb::object lengths = lengths_of_jagged(tensor);
  if (nb::cast<bool>(lengths.attr("is_meta"))) return {};
  const auto ragged = nb::cast<std::size_t>(tensor.attr("_ragged_idx"));
  Dims part = values_of_jagged(tensor), parts;
  for (nb::handle length : nb::object(lengths.attr("tolist")())) {
    part[ragged - 1] = nb::cast<std::int64_t>(length);
    parts.insert(parts.end(), part.begin(), part.end());
  }
  return parts;
}

Held held_by_sparse(nb::handle tensor) {
  const bool pairs = nb::cast<bool>(tensor.attr("is_sparse"));  // indices and values, not compressed rows
  const nb::object values = pairs ? tensor.attr("_values")() : tensor.attr("values")();
  return {dims_of(nb::object(tensor.attr("shape")).ptr()), nb::cast<std::int64_t>(values.attr("numel")())};
}

void add_tensors(const TorchApi& api, nb::handle value, std::vector<nb::object>& tensors) {
  if (api.is_tensor(value.ptr())) {
    tensors.push_back(nb::borrow(value));
  } else if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr())) {
    for (nb::handle item : value) add_tensors(api, item, tensors);
  } else if (nb::isinstance(value, api.script_object_type)) {
    for (const char* method : {"unpack", "__getstate__"}) {
      if (!nb::cast<bool>(value.attr("_has_method")(method))) continue;
      return add_tensors(api, value.attr(method)(), tensors);
    }
  }
}

}  // namespace

std::optional<Held> held_by(const TorchApi& api, nb::handle tensor) {
  const nb::object layout = take(PyObject_GetAttr(tensor.ptr(), api.names.layout));
  const bool strided = layout.is(api.strided);
  if (strided && !nb::cast<bool>(tensor.attr("is_nested"))) return std::nullopt;
  const ModesOff quiet(api);
  if (strided)
    return Held{longest(tensor.attr("_nested_tensor_size")()), nb::cast<std::int64_t>(tensor.attr("numel")())};
  if (nb::cast<bool>(tensor.attr("is_nested"))) return held_by_jagged(tensor);
  if (layout.is(api.torch.attr("_mkldnn"))) return Held{dims_of(nb::object(tensor.attr("shape")).ptr()), -1};
  return held_by_sparse(tensor);
}

Dims sizes_of_parts(const TorchApi& api, nb::handle tensor) {
  if (!nb::cast<bool>(tensor.attr("is_nested"))) return {};
  const ModesOff quiet(api);
  if (!nb::object(tensor.attr("layout")).is(api.strided)) return parts_of_jagged(tensor);
  const nb::object sizes = tensor.attr("_nested_tensor_size")();
  return dims_of(nb::object(sizes.attr("flatten")().attr("tolist")()).ptr());
}

std::vector<nb::object> unpacked(const TorchApi& api, nb::handle script_object) {
  const ModesOff quiet(api);
  std::vector<nb::object> tensors;
  add_tensors(api, script_object, tensors);
  return tensors;
}

}  // namespace thoplw::capture
