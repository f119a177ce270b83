// Reads what was asked of torch.nn.functional.interpolate, because some tools count by its arguments.
#pragma once

#include <string_view>
#include <vector>

#include "trace/trace.h"

namespace thoplw::capture {

/// Whether interpolate calls the operator, so that what it was asked for is recorded.
bool is_resize(std::string_view op_name);

/// Attributes of the operator that is being called on a tensor of so many sizes. "asked": an integer for one size of
/// all dimensions, a list for a size of each; a real for how often factors multiply the elements. "upsample": true
/// where it was torch.nn.functional.upsample that called. None where another function did, or Python does not say.
std::vector<Attr> asked_for(std::size_t rank);

}  // namespace thoplw::capture
