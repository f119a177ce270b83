// What an error of the forward says: whether another kind of pass may go further, and what the user is told.
#pragma once

#include <string>

#include "capture/pass.h"

namespace thoplw::capture {

/// Whether it was raised for want of autograd, which inference mode and no_grad switch off.
bool wants_autograd(const nb::python_error& error);

/// Whether it, or one that it came of, says that a meta tensor was asked for what only data can tell.
bool wants_data(const nb::python_error& error);

/// Takes note of an error that goes to the forward, where it says that the pass has no values or no autograd.
void note_wanted(Pass& pass, const nb::python_error& error);

/// Of a model without values that has caught the error that said so: what it did without them is not counted.
void note_caught(Pass& pass);

/// Whether it went through torch.compile's own code.
bool of_compiler(const nb::python_error& error);

/// Whether every parameter and buffer holds values.
bool has_data(Pass& pass);

/// "model.py:12: if x.sum() > 0": the innermost line of the traceback that is not torch's own.
std::string failing_line(const nb::python_error& error);
/// "model.py:12: if x.sum() > 0: RuntimeError: no data"
std::string at_line(const std::string& line, const nb::python_error& error);

/// Raises the caller's errors and ours as they are, all others as the cause of a thoplw.Error.
[[noreturn]] void raise_forward_error(nb::python_error& error, Pass& pass, const nb::tuple& args,
                                      const nb::dict& kwargs);

}  // namespace thoplw::capture
