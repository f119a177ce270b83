// The bytes of a tensor.
#include "trace/tensor.h"

#include <algorithm>

namespace thoplw {

std::optional<Count> known_bytes(const Tensor& tensor) try {
  const int width = bits(tensor.dtype);
  const Count elements = numel(tensor);
  if (width == 0) return std::nullopt;
  const auto in_byte = static_cast<std::uint64_t>(8 / std::min(width, 8));
  return width < 8 ? Count((elements + (in_byte - 1)).value() / in_byte) : elements * (width / 8);
} catch (const Error&) {
  return std::nullopt;
}

}  // namespace thoplw
