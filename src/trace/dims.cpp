// The number of elements of a shape.
#include "trace/dims.h"

#include <algorithm>

namespace thoplw {

// An empty tensor has no elements however large its other sizes are.
Count numel(const Dims& shape) {
  if (std::find(shape.begin(), shape.end(), 0) != shape.end()) return 0;
  Count product = 1;
  for (std::int64_t size : shape) product *= size;
  return product;
}

Dims without_batch(const Dims& shape) { return {shape.begin() + (shape.size() > 1 ? 1 : 0), shape.end()}; }

}  // namespace thoplw
