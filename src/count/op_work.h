// What an operator of a trace does, by kind.
#pragma once

#include <vector>

#include "operators/formula.h"
#include "trace/trace.h"

namespace thoplw {

/// The work of one run. A product that reads no weight is one of activations. `weights` says by value whether it is
/// made of parameters and buffers alone.
Work work_of(const Trace& trace, const Op& op, const Formula& formula, const std::vector<bool>& weights);

/// "<path>: <what>: <message>"
std::string located(const std::string& path, const std::string& what, const Error& error);

}  // namespace thoplw
