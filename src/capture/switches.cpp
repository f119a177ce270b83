// A table of torch's switches, each an attribute of a module or class that is loaded.
#include "capture/switches.h"

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

/// A module that is loaded; else a null object.
nb::object loaded(const char* name) { return nb::borrow(PyDict_GetItemString(PyImport_GetModuleDict(), name)); }

}  // namespace

Switched::Switched(nb::object owner, const char* name, const nb::object& value)
    : owner_(std::move(owner)), name_(name), before_(owner_.attr(name)) {
  owner_.attr(name) = value;
}

Switched::~Switched() {
  undo("thoplw: putting a switch of torch back", [&] { owner_.attr(name_) = before_; });
}

bool compiler_loaded() { return loaded("torch._dynamo").is_valid(); }

Switches::Switches() {
  if (const nb::object frames = loaded("torch._dynamo.eval_frame");
      frames.is_valid() && nb::hasattr(frames, "_stance")) {  // from torch 2.6 on
    switched_.emplace_back(frames, "_stance", frames.attr("DynamoStance")("force_eager"));
  }
  if (const nb::object distributions = loaded("torch.distributions"); distributions.is_valid()) {
    switched_.emplace_back(distributions.attr("Distribution"), "_validate_args", nb::bool_(false));
  }
  if (const nb::object parametrize = loaded("torch.nn.utils.parametrize"); parametrize.is_valid()) {
    switched_.emplace_back(parametrize, "_cache", nb::dict());
  }
}

}  // namespace thoplw::capture
