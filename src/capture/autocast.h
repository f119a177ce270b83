// Switches autocast off for a pass: it changes no count, and meta tensors are not where it would look for them.
#pragma once

#include <string>
#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// Switches autocast off where it is on, as it would cast real weights and meta activations differently. A model that
/// asks for autocast on the device of its activations, often to switch it off, asks for meta, which torch refuses:
/// meanwhile such a request is one for cpu, and off.
class AutocastOff {
 public:
  explicit AutocastOff(const TorchApi& api);
  ~AutocastOff();
  AutocastOff(const AutocastOff&) = delete;
  AutocastOff& operator=(const AutocastOff&) = delete;

 private:
  nb::object torch_;
  std::vector<std::string> on_;  ///< devices that it was on for
  nb::object type_;              ///< torch.autocast
  nb::object init_;              ///< its own __init__
};

}  // namespace thoplw::capture
