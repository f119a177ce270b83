// Inputs as they are written on the command line: "1x3x224x224:f32".
#pragma once

#include <string_view>

#include "trace/tensor.h"

namespace thoplw::cli {

/// Sizes parted by x, then the element type after a colon (f32 if it is left out), by its name in a trace or in torch.
/// Throws Error where that is not what `text` is.
Tensor parse_input(std::string_view text);

}  // namespace thoplw::cli
