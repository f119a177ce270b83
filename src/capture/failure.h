// What an error of the forward says: whether another kind of pass may go further, and what the user is told.
#pragma once

#include <string>

#include "capture/pass.h"

namespace thoplw::capture {

/// Whether the error was raised because autograd was off, as it is under inference mode and no_grad.
bool wants_autograd(const nb::python_error& error);

/// Whether the error, or one that caused it, says that a meta tensor was asked for what only data can tell.
bool wants_data(const nb::python_error& error);

/// Called for each error that the forward is about to see. The forward may catch it, so if it says that the pass has no
/// values, this is noted.
void note_wanted(Pass& pass, const nb::python_error& error);

/// If the forward caught such an error, and the model has no values with which to run for real, the work that it would
/// have done with values is not counted. Says so in a note.
void note_caught(Pass& pass);

/// Whether the error went through the code of torch.compile.
bool of_compiler(const nb::python_error& error);

/// Whether every parameter and buffer holds values.
bool has_data(Pass& pass);

/// "model.py:12: if x.sum() > 0": the innermost line of the traceback that is not torch's own.
std::string failing_line(const nb::python_error& error);
/// "model.py:12: if x.sum() > 0: RuntimeError: no data"
std::string at_line(const std::string& line, const nb::python_error& error);

/// Raises errors of the caller and of thoplw as they are. Any other error becomes the cause of a thoplw.Error.
[[noreturn]] void raise_forward_error(nb::python_error& error, Pass& pass, const nb::tuple& args,
                                      const nb::dict& kwargs);

}  // namespace thoplw::capture
