// The readable, stable text form of a Trace (.trace), both ways.
#pragma once

#include <string>
#include <string_view>

#include "trace/trace.h"

namespace thoplw {

std::string to_text(const Trace& trace);

/// Throws Error("<source>:<line>: what, and the cure").
Trace parse_trace(std::string_view text, std::string_view source = "trace");

/// One operator on its own, for tests: "aten::mm(f32[4,5], f32[5,6]) -> f32[4,6]".
/// The result holds that one op and its values. A tensor that holds 22 of its 30 elements is f32[6,5;22].
Trace parse_op(std::string_view line);

}  // namespace thoplw
