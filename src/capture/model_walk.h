// Reads a model's structure into the trace: modules, classes, parameters and buffers.
#pragma once

#include <vector>

#include "capture/pass.h"

namespace thoplw::capture {

/// torch.compile, DataParallel and DistributedDataParallel wrap a module without being one: the module inside, or the
/// given one.
nb::object unwrapped(const TorchApi& api, nb::object module);

/// Fills the pass's modules and the trace's modules, classes and params.
void walk_model(Pass& pass, nb::object root);

/// Takes in a module that the walk did not meet and that has parameters: kept in a plain list, or built in forward.
/// Returns kNone for one without parameters, which is left to its operators.
Id adopt_module(Pass& pass, nb::object module);

/// Says which of the modules that were taken in hold weights that are not the model's.
void note_adopted(Pass& pass);

/// "torch.nn.Conv2d" for torch.nn.modules.conv.Conv2d; otherwise package, module and name.
std::string class_name(nb::handle type);

}  // namespace thoplw::capture
