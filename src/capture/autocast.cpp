// Switches autocast off, and takes requests for it on meta for requests to switch it off.
#include "capture/autocast.h"

namespace thoplw::capture {
namespace {

std::vector<std::unique_ptr<With>> switched_off(const nb::object& torch) {
  std::vector<std::unique_ptr<With>> scopes;
  const bool by_device = nb::hasattr(torch, "get_autocast_dtype");  // from torch 2.4 on
  const nb::object asks = torch.attr("is_autocast_enabled");
  for (const std::string device : {"cpu", "cuda"}) {
    const nb::object on = by_device ? asks(device) : device == "cpu" ? torch.attr("is_autocast_cpu_enabled")() : asks();
    if (!nb::cast<bool>(on)) continue;
    scopes.push_back(std::make_unique<With>(torch.attr("autocast")(device, nb::arg("enabled") = false)));
  }
  return scopes;
}

bool asks_meta(const nb::args& args, const nb::kwargs& kwargs) {
  const nb::object device = args.size() ? nb::object(args[0]) : nb::object(kwargs.get("device_type", nb::none()));
  return nb::isinstance<nb::str>(device) && device.equal(nb::str("meta"));
}

}  // namespace

AutocastOff::AutocastOff(const TorchApi& api)
    : scopes_(switched_off(api.torch)), type_(api.torch.attr("autocast")), init_(type_.attr("__init__")) {
  const auto init = [original = init_](nb::handle self, const nb::args& args, const nb::kwargs& kwargs) {
    if (asks_meta(args, kwargs)) return original(self, "cpu", nb::arg("enabled") = false);
    return original(self, *args, **kwargs);
  };
  type_.attr("__init__") = nb::cpp_function(init, nb::is_method());
}

AutocastOff::~AutocastOff() {
  if (PyObject_SetAttrString(type_.ptr(), "__init__", init_.ptr()) != 0) PyErr_WriteUnraisable(type_.ptr());
}

}  // namespace thoplw::capture
