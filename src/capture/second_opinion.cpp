// Runs one operator for real, on zeros.
#include "capture/second_opinion.h"

#include "base/overflow.h"
#include "capture/grad_mode.h"
#include "capture/nested.h"

namespace thoplw::capture {
namespace {

constexpr std::int64_t kMostElements = 1 << 24;

/// One past the last element of the storage; more than kMostElements where it does not fit in.
std::int64_t extent(const Strided& layout) {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < layout.sizes.size(); ++i) {
    if (layout.sizes[i] == 0) return 0;
    std::int64_t step = 0;
    if (multiply_overflows(layout.sizes[i] - 1, layout.strides[i], step) || step > kMostElements) {
      return kMostElements + 1;
    }
    last += step;
  }
  return last + 1;
}

/// The arguments with zeros in place of meta tensors.
struct Zeros {
  Pass& pass;
  nb::object home;  ///< a device with data
  std::int64_t elements = 0;

  nb::object operator()(nb::handle value) {
    const TorchApi& api = pass.api;
    if (api.is_device(value.ptr())) return value.equal(api.meta_device) ? home : nb::borrow(value);
    if (!api.is_tensor(value.ptr())) return nb::borrow(value);
    KnownTensor& known = pass.tensors.known(value.ptr());
    if (known.shadow.is_valid()) return known.shadow;
    if (!pass.tensors.is_meta(known)) return nb::borrow(value);
    const Strided& layout = pass.tensors.strided(known);
    const std::int64_t size = extent(layout);
    if ((elements += size) > kMostElements) return nb::borrow(value);
    const nb::object flat =
        api.torch.attr("zeros")(size, nb::arg("dtype") = value.attr("dtype"), nb::arg("device") = home);
    return api.as_strided(flat, to_tuple(layout.sizes), to_tuple(layout.strides));
  }
};

nb::object device_with_data(Pass& pass, PyObject* args) {
  nb::object device = pass.api.cpu_device;
  each_tensor(pass.api, args, [&](PyObject* tensor) {
    if (!nb::cast<bool>(nb::handle(tensor).attr("is_meta"))) device = nb::handle(tensor).attr("device");
  });
  return device;
}

}  // namespace

nb::object second_opinion(Pass& pass, PyObject* func, PyObject* args, PyObject* kwargs) {
  const TorchApi& api = pass.api;
  const GradMode grad(api, Grad::off);
  Zeros zeros{pass, device_with_data(pass, args)};
  const nb::object positional = with_items(args, zeros);
  const nb::object named = kwargs ? with_items(kwargs, zeros) : nb::object();
  if (zeros.elements > kMostElements) return {};
  const nb::object result = take(PyObject_Call(func, positional.ptr(), named.ptr()));
  return with_items(result, [&](nb::handle value) {
    return api.is_tensor(value.ptr()) ? nb::object(value.attr("to")(api.meta_device)) : nb::borrow(value);
  });
}

}  // namespace thoplw::capture
