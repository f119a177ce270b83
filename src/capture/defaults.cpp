// A table of torch's settings: the function that reads each, and the one that sets it.
#include "capture/defaults.h"

#include <array>

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

struct Setting {
  const char* get;
  const char* set;
  const char* device = nullptr;  ///< the first argument of both
};
constexpr std::array<Setting, 23> kSettings = {{
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
    {"torch._C._get_math_sdp_allow_fp16_bf16_reduction", "torch._C._set_math_sdp_allow_fp16_bf16_reduction"},
    {"torch.get_deterministic_debug_mode", "torch.set_deterministic_debug_mode"},
    {"torch._C._get_deterministic_fill_uninitialized_memory", "torch._C._set_deterministic_fill_uninitialized_memory"},
    {"torch._C._get_cudnn_allow_tf32", "torch._C._set_cudnn_allow_tf32"},
    {"torch._C._get_cublas_allow_fp16_reduced_precision_reduction",
     "torch._C._set_cublas_allow_fp16_reduced_precision_reduction"},
    {"torch._C._get_cublas_allow_bf16_reduced_precision_reduction",
     "torch._C._set_cublas_allow_bf16_reduced_precision_reduction"},
    {"torch._C._get_mkldnn_enabled", "torch._C._set_mkldnn_enabled"},
    {"torch._C._get_mkldnn_deterministic", "torch._C._set_mkldnn_deterministic"},
    {"torch._C._get_qengine", "torch._C._set_qengine"},
    {"torch.is_warn_always_enabled", "torch.set_warn_always"},
    {"torch.is_autocast_cache_enabled", "torch.set_autocast_cache_enabled"},
    {"torch.get_autocast_dtype", "torch.set_autocast_dtype", "cpu"},
    {"torch.get_autocast_dtype", "torch.set_autocast_dtype", "cuda"},
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

/// The function that tells a setting, and what it is given; looked up once.
struct Getter {
  PyObject* function;
  PyObject* device;
};
const std::array<Getter, kSettings.size()>& getters(const TorchApi& api) {
  static const auto* found = [&] {
    auto* all = new std::array<Getter, kSettings.size()>;
    for (std::size_t i = 0; i < all->size(); ++i) {
      const char* device = kSettings[i].device;
      (*all)[i] = {function(api, kSettings[i].get).release().ptr(), device ? interned(device) : nullptr};
    }
    return all;
  }();
  return *found;
}

std::vector<nb::object> values(const TorchApi& api) {
  std::vector<nb::object> values;
  values.reserve(kSettings.size());
  for (const auto& [getter, device] : getters(api)) {
    if (getter == Py_None) {
      values.emplace_back();
    } else {
      values.push_back(take(device ? PyObject_CallOneArg(getter, device) : PyObject_CallNoArgs(getter)));
    }
  }
  return values;
}

void set(const TorchApi& api, const Setting& setting, const nb::object& value) {
  const nb::object set = function(api, setting.set);
  if (setting.device) {
    set(setting.device, value);
  } else {
    set(value);
  }
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
      if (!now[i].is(values_[i]) && !now[i].equal(values_[i])) set(api_, kSettings[i], values_[i]);
    }
  });
}

}  // namespace thoplw::capture
