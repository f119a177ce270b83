// A table of torch's settings: the function that tells each, and the one that sets it.
#include "capture/defaults.h"

#include <array>

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

struct Setting {
  const char* get;
  const char* set;
};
constexpr std::array<Setting, 11> kSettings = {{
    {"torch.get_default_dtype", "torch.set_default_dtype"},
    {"torch.get_num_threads", "torch.set_num_threads"},
    {"torch.is_anomaly_enabled", "torch.set_anomaly_enabled"},
    {"torch._C._get_float32_matmul_precision", "torch._C._set_float32_matmul_precision"},
    {"torch._C._get_cudnn_enabled", "torch._C._set_cudnn_enabled"},
    {"torch._C._get_cudnn_benchmark", "torch._C._set_cudnn_benchmark"},
    {"torch._C._get_cudnn_deterministic", "torch._C._set_cudnn_deterministic"},
    {"torch._C._get_flash_sdp_enabled", "torch._C._set_sdp_use_flash"},
    {"torch._C._get_mem_efficient_sdp_enabled", "torch._C._set_sdp_use_mem_efficient"},
    {"torch._C._get_math_sdp_enabled", "torch._C._set_sdp_use_math"},
    {"torch._C._get_deterministic_algorithms", "torch.use_deterministic_algorithms"},
}};

nb::object function(const TorchApi& api, std::string_view path) {
  nb::object found = api.torch;
  path.remove_prefix(path.find('.') + 1);
  while (!path.empty() && !found.is_none()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    found = nb::getattr(found, std::string(path.substr(0, end)).c_str(), nb::none());
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return found;
}

/// The functions that tell the settings, looked up once.
const std::array<PyObject*, kSettings.size()>& getters(const TorchApi& api) {
  static const auto* found = [&] {
    auto* all = new std::array<PyObject*, kSettings.size()>;
    for (std::size_t i = 0; i < all->size(); ++i) (*all)[i] = function(api, kSettings[i].get).release().ptr();
    return all;
  }();
  return *found;
}

std::vector<nb::object> values(const TorchApi& api) {
  std::vector<nb::object> values;
  values.reserve(kSettings.size());
  for (PyObject* getter : getters(api)) {
    values.push_back(getter == Py_None ? nb::object() : take(PyObject_CallNoArgs(getter)));
  }
  return values;
}

/// The device that torch.set_default_device has set, or None.
nb::object default_device(const TorchApi& api) {
  static PyObject* module = nb::module_::import_("torch.utils._device").release().ptr();
  static const bool names_it = nb::hasattr(module, "CURRENT_DEVICE");  // from torch 2.1 on
  if (names_it) return nb::getattr(nb::handle(module), "CURRENT_DEVICE");
  return nb::getattr(nb::getattr(api.torch, "_GLOBAL_DEVICE_CONTEXT", nb::none()), "device", nb::none());
}

}  // namespace

Defaults::Defaults(const TorchApi& api) : api_(api), values_(values(api)), device_(default_device(api)) {}

Defaults::~Defaults() {
  undo("thoplw: putting torch's settings back", [&] {
    if (!default_device(api_).is(device_)) api_.torch.attr("set_default_device")(device_);
    const std::vector<nb::object> now = values(api_);
    for (std::size_t i = 0; i < now.size(); ++i) {
      if (now[i].is_valid() && !now[i].equal(values_[i])) function(api_, kSettings[i].set)(values_[i]);
    }
  });
}

}  // namespace thoplw::capture
