// The bytes of a tensor.
#include "trace/tensor.h"

namespace thoplw {

std::optional<Count> known_bytes(const Tensor& tensor) try {
  const int width = bits(tensor.dtype);
  const Count elements = numel(tensor);
  if (width == 0) return std::nullopt;
  return width < 8 ? Count((elements.value() + 1) / 2) : elements * (width / 8);
} catch (const Error&) {
  return std::nullopt;
}

}  // namespace thoplw
