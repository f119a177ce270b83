// Functions of the user that say what a layer costs: custom_ops, by class.
#pragma once

#include <span>

#include "capture/pass.h"

namespace thoplw::capture {

/// That for a class or its nearest base that has one. Inside of a tuple stands a function in place of the forward.
CustomCost find_custom_cost(const nb::dict& custom_ops, PyTypeObject* type);

struct CustomResult {
  Count macs;
  nb::object output;
};

/// Calls the function; `output` is that of the forward, or null where there was none. Of a shape, or of several, that
/// the function gives in place of an output, tensors are made. Nothing of it is recorded.
CustomResult ask_user(Pass& pass, const CustomCost& cost, PyObject* module, std::span<PyObject* const> args,
                      const nb::object& output, const std::string& path);

}  // namespace thoplw::capture
