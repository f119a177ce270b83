// Recognises masks and fillings: tensors that were not learnt, by their elements.
#include "load/onnx/masks.h"

#include <algorithm>

namespace thoplw::onnx {

bool hides(const std::vector<double>& elements) {
  const auto is_hidden = [](double x) { return x <= -1e4; };
  return std::ranges::any_of(elements, is_hidden) &&
         std::ranges::all_of(elements, [&](double x) { return x == 0 || is_hidden(x); });
}

bool is_mask(const std::vector<double>& elements) {
  const auto other = std::ranges::find_if(elements, [](double x) { return x != 0; });
  if (other == elements.end() || std::ranges::find(elements, 0.0) == elements.end()) return hides(elements);
  return hides(elements) || std::ranges::all_of(elements, [&](double x) { return x == 0 || x == *other; });
}

bool is_filled(const std::vector<double>& elements) {
  return !elements.empty() && std::ranges::all_of(elements, [&](double x) { return x == elements.front(); });
}

}  // namespace thoplw::onnx
