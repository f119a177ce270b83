// Shortcuts for torch's own leaf modules: their one operator, without the way through Python and the dispatcher.
#pragma once

#include "capture/pass.h"

namespace thoplw::capture {

/// The shortcut of a module class of that name, or null: only for torch's very class, with torch's own forward.
const Leaf* find_leaf(nb::handle type, std::string_view name);

/// What the module returns for one input, recorded as its operator; null where the shortcut is not sure, for example
/// because the module has hooks, and forward must run. (The traces of both ways are equal; a test holds them together.)
nb::object run_leaf(Pass& pass, const Leaf& leaf, PyObject* module, PyObject* input);

/// Whether nn.Module.__call__ would run hooks of this module, or another _call_impl than torch's.
bool has_hooks(const TorchApi& api, PyTypeObject* type, PyObject* instance_dict);

}  // namespace thoplw::capture
