// What a forward may set for the whole process: default types and devices, numbers of threads, choices of kernels.
#pragma once

#include <vector>

#include "capture/torch_api.h"

namespace thoplw::capture {

/// Keeps torch's settings. Its destructor puts back those that have changed.
class Defaults {
 public:
  explicit Defaults(const TorchApi& api);
  ~Defaults();
  Defaults(const Defaults&) = delete;
  Defaults& operator=(const Defaults&) = delete;

 private:
  const TorchApi& api_;
  std::vector<nb::object> values_;  ///< one per row of the table; null where this torch has no such setting
  nb::object device_;
};

}  // namespace thoplw::capture
