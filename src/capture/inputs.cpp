// Walks nested inputs and replaces their tensors.
#include "capture/inputs.h"

#include <fmt/ranges.h>

#include "base/formatted.h"
#include "capture/input_form.h"
#include "capture/snapshot.h"
#include "capture/sparse_and_quantized.h"

namespace thoplw::capture {
namespace {

template <typename Replace>
nb::object map_tensors(Pass& pass, nb::handle value, const Replace& replace) {
  pass.snapshot->take_of(value);
  return pass.snapshot->exchange_tensors(value, replace);
}

}  // namespace

nb::object inputs_on_meta(Pass& pass, nb::handle value) {
  return map_tensors(pass, value, [&](nb::object tensor) {
    pass.external_tensors.push_back(tensor);
    return stand_in_for(pass, tensor);
  });
}

nb::object inputs_all_meta(Pass& pass, nb::handle value) {
  return map_tensors(pass, value, [&](nb::object tensor) { return tensor.attr("to")(pass.api.meta_device); });
}

nb::object inputs_for_real(Pass& pass, nb::handle value, nb::handle device) {
  const nb::object torch = pass.api.torch;
  return map_tensors(pass, value, [&](nb::object tensor) -> nb::object {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) {
      pass.external_tensors.push_back(tensor);
      return tensor;
    }
    pass.made_up = true;
    const bool random = nb::cast<bool>(tensor.attr("is_floating_point")());
    const nb::object make = torch.attr(random ? "rand" : "zeros");
    return make(tensor.attr("shape"), nb::arg("device") = device).attr("to")(tensor.attr("dtype"));
  });
}

std::string describe_inputs(const TorchApi& api, nb::handle value) {
  std::vector<std::string> parts;
  Pass pass(api);
  Snapshot reached(pass);
  pass.snapshot = &reached;
  map_tensors(pass, value, [&](nb::object tensor) {
    const std::optional<Held> held = held_by(api, tensor);
    const Dims shape = held ? held->sizes : dims_of(nb::object(tensor.attr("shape")).ptr());
    const nb::object dtype = tensor.attr("dtype");
    parts.push_back(formatted("{} {}", fmt::join(shape, "x"), name(api.dtype_of(dtype.ptr()))));
    return tensor;
  });
  return formatted("{}", fmt::join(parts, ", "));
}

}  // namespace thoplw::capture
