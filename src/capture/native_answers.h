// Answers operators by the shape rules of operators/shape, without torch.
#pragma once

#include <span>
#include <vector>

#include "capture/op_call.h"

namespace thoplw::capture {

/// Whether a rule is sure of the results; they are then its.
bool ask_rule(const OpCall& call, std::vector<Result>& results);

/// The answer of the native rule, or a null object where there is none.
nb::object answer_natively(const OpCall& call);

/// In-place operators on pretended tensors do nothing. Returns null where torch must be asked (bad shapes).
nb::object answer_in_place(const OpCall& call);

/// The native answer to an operator of one result whose arguments were read elsewhere, recorded as if it had come
/// through the mode; null where its rule is not sure. `arguments` are their names.
nb::object answer_leaf(Pass& pass, std::string_view name, bool in_place, std::span<const std::string_view> arguments,
                       Arguments& read);

/// What a native rule says of a call, for tests: a list of ("new", sizes, strides, dtype), ("same", index) or
/// ("view", index, sizes, strides, offset); None where no rule answers.
nb::object shape_rule(nb::object func, nb::tuple args, nb::dict kwargs);

}  // namespace thoplw::capture
