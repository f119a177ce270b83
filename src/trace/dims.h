// The sizes of a tensor.
#pragma once

#include <cstdint>
#include <vector>

#include "base/count.h"

namespace thoplw {

using Dims = std::vector<std::int64_t>;

Count numel(const Dims& shape);

}  // namespace thoplw
