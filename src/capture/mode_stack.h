// Torch's stacks of dispatch and function modes. A pass may move no mode but its own.
#pragma once

#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// Takes the mode off wherever it is; the others keep their order. Raises nothing.
void take_off(const TorchApi& api, PyObject* mode);

/// The modes that are on now, outermost first.
std::vector<nb::object> modes_on_stack(const TorchApi& api);
/// Makes exactly these modes be on.
void set_mode_stack(const TorchApi& api, const std::vector<nb::object>& modes);

/// The function modes that are on now, outermost first.
std::vector<nb::object> function_modes(const TorchApi& api);
/// Takes those off that are not among these, but for the one that torch.set_default_device keeps there.
void leave_function_modes(const TorchApi& api, const std::vector<nb::object>& modes);

/// No mode is on while it lives.
class ModesOff {
 public:
  explicit ModesOff(const TorchApi& api) : api_(api), modes_(modes_on_stack(api)) { set_mode_stack(api_, {}); }
  ~ModesOff();
  ModesOff(const ModesOff&) = delete;
  ModesOff& operator=(const ModesOff&) = delete;

 private:
  const TorchApi& api_;
  std::vector<nb::object> modes_;
};

}  // namespace thoplw::capture
