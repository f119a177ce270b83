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
nb::object map_tensors(Session& session, nb::handle value, const Replace& replace) {
  session.snapshot->take_of(value);
  return session.snapshot->exchange_tensors(value, replace);
}

}  // namespace

nb::object inputs_on_meta(Session& session, nb::handle value) {
  return map_tensors(session, value, [&](nb::object tensor) {
    session.external_tensors.push_back(tensor);
    return stand_in_for(session, tensor);
  });
}

nb::object inputs_all_meta(Session& session, nb::handle value) {
  return map_tensors(session, value, [&](nb::object tensor) { return tensor.attr("to")(session.api.meta_device); });
}

nb::object inputs_for_real(Session& session, nb::handle value, nb::handle device) {
  const nb::object torch = session.api.torch;
  return map_tensors(session, value, [&](nb::object tensor) -> nb::object {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) {
      session.external_tensors.push_back(tensor);
      return tensor;
    }
    session.made_up = true;
    const bool random = nb::cast<bool>(tensor.attr("is_floating_point")());
    const nb::object make = torch.attr(random ? "rand" : "zeros");
    return make(tensor.attr("shape"), nb::arg("device") = device).attr("to")(tensor.attr("dtype"));
  });
}

std::string describe_inputs(const TorchApi& api, nb::handle value) {
  std::vector<std::string> parts;
  Session session(api);
  Snapshot reached(session);
  session.snapshot = &reached;
  map_tensors(session, value, [&](nb::object tensor) {
    const std::optional<Held> held = held_by(api, tensor);
    const Dims shape = held ? held->sizes : dims_of(nb::object(tensor.attr("shape")).ptr());
    const nb::object dtype = tensor.attr("dtype");
    parts.push_back(formatted("{} {}", fmt::join(shape, "x"), name(api.dtype_of(dtype.ptr()))));
    return tensor;
  });
  return formatted("{}", fmt::join(parts, ", "));
}

}  // namespace thoplw::capture
