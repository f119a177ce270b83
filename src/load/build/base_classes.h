// Finds which class of torch.nn a user's class most likely derives from, by what its modules do.
#pragma once

#include <string_view>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// By class: "torch.nn.LayerNorm" for one with LayerNorm in its name whose every call runs one aten::layer_norm with
/// the module's own weight; "" where nothing fits, or where the class is torch's own. `owners` has, by value, the
/// modules that have it as a parameter.
std::vector<std::string_view> find_bases(const Trace& trace, const std::vector<std::vector<Id>>& owners);

}  // namespace thoplw
