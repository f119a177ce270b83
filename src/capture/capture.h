// Captures a live model: one pass of its forward that computes nothing, recorded as a Trace.
#pragma once

#include <optional>

#include "capture/python.h"
#include "operators/backward/grad_op.h"
#include "trace/trace.h"

namespace thoplw::capture {

struct CaptureOptions {
  std::string method = "forward";        ///< which method of the model to run
  bool native_rules = true;              ///< off: every shape comes from torch's meta kernels
  bool real = false;                     ///< on: one real forward that only records
  bool training = false;                 ///< on: the model trains, and the trace has what its backward needs
  bool memory = false;                   ///< on: the trace has where values lie and how long; so in training, too
  std::optional<DType> autocast;         ///< the type that torch.autocast casts to, were the forward in it
  Processor processor = Processor::cpu;  ///< whose lists autocast goes by
};

/// Runs `model(*args, **kwargs)`, or another method of it, and leaves the model, the inputs and the random number
/// generators as found. A capture for training runs the model in training mode, each module by its own flag if the
/// model's is set already, and observes where autograd records, what it treats as one, and how long memory lives. What
/// outlives a pass is what is still there once its garbage is collected.
/// `custom_ops` maps module classes to functions (layer, inputs, output) -> MACs. One capture runs at a time; other
/// threads wait. Captures inside a forward nest. Throws Error where the model is no module, has no such method, or its
/// forward raises; the Python exception is its cause.
Trace capture(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, CaptureOptions options);

}  // namespace thoplw::capture
