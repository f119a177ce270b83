// Answers every operator of the pass.
#pragma once

#include <span>

#include "capture/session.h"

namespace thoplw::capture {

/// What the operator `func(*args, **kwargs)` returns in this pass; recorded in the trace. `kwargs` may be null.
nb::object dispatch(Session& session, PyObject* func, PyObject* args, PyObject* kwargs);

/// The native answer to an operator of one result whose arguments were read elsewhere, recorded as if it had come
/// through the mode; null where its rule is not sure. `arguments` are their names.
nb::object answer_leaf(Session& session, std::string_view name, bool in_place,
                       std::span<const std::string_view> arguments, Arguments& read);

/// What a native rule says of a call, for tests: a list of ("new", sizes, strides, dtype), ("same", index) or
/// ("view", index, sizes, strides, offset); None where no rule answers.
nb::object shape_rule(nb::object func, nb::tuple args, nb::dict kwargs);

}  // namespace thoplw::capture
