// The dispatch mode: the object on torch's mode stack that answers every operator of the pass.
#pragma once

#include "capture/session.h"

namespace thoplw::capture {

/// A new mode object; it serves whatever Session is current.
nb::object new_mode();

/// The native answer to an operator of one result whose arguments were read elsewhere, recorded as if it had come
/// through the mode; null where its rule is not sure.
nb::object answer_leaf(Session& session, std::string_view name, bool in_place, Arguments& read);

/// Before an operator that writes to a tensor of the caller runs for real, keeps its values.
void keep_before_write(Session& session, PyObject* tensor);
/// Puts them back; called at the end of the pass.
void restore_overwritten(Session& session);

/// What a native rule says of a call, for tests: a list of ("new", sizes, strides, dtype), ("same", index) or
/// ("view", index, sizes, strides, offset); None where no rule answers.
nb::object shape_rule(nb::object func, nb::tuple args, nb::dict kwargs);

}  // namespace thoplw::capture
