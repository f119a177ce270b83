// The JSON document of an exported program as a Trace.
#pragma once

#include <string>
#include <vector>

#include "load/load.h"
#include "load/pt2/weights.h"

namespace thoplw::pt2 {

/// `weights` is the state dict, as far as the archive has it; `name` is the model's, where the program does not name
/// the class of its root. Throws Error with the place in the document.
Trace read_program(std::string json, const std::vector<Stored>& weights, const LoadOptions& options,
                   const std::string& name);

/// The sizes of its inputs that it leaves open.
std::vector<SymbolicSize> program_sizes(std::string json);

}  // namespace thoplw::pt2
