// Captures a live model: one pass of its forward that computes nothing, recorded as a Trace.
#pragma once

#include "capture/python.h"
#include "trace/trace.h"

namespace thoplw::capture {

struct CaptureOptions {
  bool native_rules = true;  ///< off: every shape comes from torch's meta kernels
  bool real = false;         ///< on: one real forward that only records
};

/// Runs `model(*args, **kwargs)` and leaves the model, the inputs and the random number generators as found.
/// `custom_ops` maps module classes to functions (layer, inputs, output) -> MACs.
/// Throws Error where the model is no module or its forward raises; the Python exception is its cause.
Trace capture(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, CaptureOptions options);

}  // namespace thoplw::capture
