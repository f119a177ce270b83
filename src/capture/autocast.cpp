// Switches autocast off. Where a forward asks for it on the meta device, it gets one that is off.
#include "capture/autocast.h"

#include "capture/interrupts.h"
#include "capture/pass.h"

namespace thoplw::capture {
namespace {

constexpr const char* kDevices[] = {"cpu", "cuda"};

bool by_device(const nb::object& torch) { return nb::hasattr(torch, "get_autocast_dtype"); }  // from torch 2.4 on

bool is_on(const nb::object& torch, const std::string& device) {
  if (by_device(torch)) return nb::cast<bool>(torch.attr("is_autocast_enabled")(device));
  return nb::cast<bool>(torch.attr(device == "cpu" ? "is_autocast_cpu_enabled" : "is_autocast_enabled")());
}

void set(const nb::object& torch, const std::string& device, bool on) {
  if (by_device(torch)) {
    torch.attr("set_autocast_enabled")(device, on);
  } else {
    torch.attr(device == "cpu" ? "set_autocast_cpu_enabled" : "set_autocast_enabled")(on);
  }
}

bool asks_meta(const nb::args& args, const nb::kwargs& kwargs) {
  const nb::object device = args.size() ? nb::object(args[0]) : nb::object(kwargs.get("device_type", nb::none()));
  return nb::isinstance<nb::str>(device) && device.equal(nb::str("meta"));
}

/// torch.autocast(device_type, dtype=None, enabled=True, ...)
void note_mixing(const nb::args& args, const nb::kwargs& kwargs) {
  constexpr std::size_t kEnabled = 2;
  const nb::object enabled =
      args.size() > kEnabled ? nb::object(args[kEnabled]) : nb::object(kwargs.get("enabled", nb::bool_(true)));
  Pass* pass = Pass::current();
  if (pass && PyObject_IsTrue(enabled.ptr()) == 1) pass->mixes = true;
}

}  // namespace

AutocastOff::AutocastOff(const TorchApi& api)
    : torch_(api.torch), type_(torch_.attr("autocast")), init_(type_.attr("__init__")) {
  const auto init = [original = init_](nb::handle self, const nb::args& args, const nb::kwargs& kwargs) {
    note_mixing(args, kwargs);
    if (asks_meta(args, kwargs)) return original(self, "cpu", nb::arg("enabled") = false);
    return original(self, *args, **kwargs);
  };
  for (const char* device : kDevices) {
    if (is_on(torch_, device)) on_.emplace_back(device);
  }
  for (const std::string& device : on_) set(torch_, device, false);
  type_.attr("__init__") = nb::cpp_function(init, nb::is_method());
}

AutocastOff::~AutocastOff() {
  undo("thoplw: switching autocast on again", [&] {
    if (torch_.attr("_C").attr("_is_any_autocast_enabled")().is(nb::bool_(true))) {  // by the forward
      for (const char* device : kDevices) set(torch_, device, false);
    }
    type_.attr("__init__") = init_;
    for (const std::string& device : on_) set(torch_, device, true);
  });
}

}  // namespace thoplw::capture
