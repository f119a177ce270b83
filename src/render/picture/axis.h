// An axis of a picture: where a count lies on it, and at which counts it is marked.
#pragma once

#include <span>
#include <vector>

#include "base/count.h"

namespace thoplw {

struct Axis {
  bool logarithmic = false;  ///< where the counts differ by a factor of ten and more
  double low = 0, high = 1;
  std::vector<Count> marks;

  double at(Count value) const;  ///< from 0 at `low` to 1 at `high`
};

/// Wide enough for all values.
Axis axis_for(std::span<const Count> values);

}  // namespace thoplw
