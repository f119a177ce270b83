// Switches autograd by C calls, which no signal handler interrupts on the way back.
#pragma once

#include "capture/torch_api.h"

namespace thoplw::capture {

enum class Grad : std::uint8_t {
  inference,  ///< torch.inference_mode(): composite operators arrive whole
  off,        ///< torch.no_grad(), also within inference mode: tensors made are of use to autograd later on
  on,         ///< torch.enable_grad(), also within inference mode
  told,       ///< inference mode in which autograd is said to be on: operators arrive whole
};

/// Within this scope the switches are so.
class GradMode {
 public:
  GradMode(const TorchApi& api, Grad grad);
  ~GradMode();
  GradMode(const GradMode&) = delete;
  GradMode& operator=(const GradMode&) = delete;

 private:
  const TorchApi& api_;
  nb::object guard_;
};

}  // namespace thoplw::capture
