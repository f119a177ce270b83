// Recognises masks and fillings: tensors of a file that were not learnt.
#pragma once

#include <vector>

namespace thoplw::onnx {

/// Nothing but 0, and numbers that a softmax makes 0.
bool hides(const std::vector<double>& elements);

/// That, or 0 and one other number: as far as its first elements say, since what was learnt differs from that at once.
bool is_mask(const std::vector<double>& elements);

/// One number, many times.
bool is_filled(const std::vector<double>& elements);

}  // namespace thoplw::onnx
