// The sizes of a tensor.
#pragma once

#include <cstdint>
#include <vector>

#include "base/count.h"

namespace thoplw {

using Dims = std::vector<std::int64_t>;

Count numel(const Dims& shape);

/// Sizes as tables show them: without the first, which is the batch. A tensor of one dimension has no batch to leave
/// out.
Dims without_batch(const Dims& shape);

}  // namespace thoplw
