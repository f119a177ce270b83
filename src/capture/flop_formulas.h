// Formulas that users gave torch for operators of their own: torch.utils.flop_counter.register_flop_formula.
#pragma once

#include "capture/operators.h"

namespace thoplw::capture {

/// The user's formula of an operator that has no rule; a null object where there is none. Torch's own are not asked.
nb::object registered_formula(const Operator& op);

/// What the formula says of one call, in FLOPs. Raises thoplw.Error where it raises, or gives no number of operations.
std::int64_t registered_flops(const nb::object& formula, const Operator& op, PyObject* args, PyObject* kwargs,
                              const nb::object& result);

}  // namespace thoplw::capture
