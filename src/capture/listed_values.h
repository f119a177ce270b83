// Tensors that a forward makes of numbers in Python, on the device of a meta tensor: torch.tensor([3, 4],
// device=x.device).
#pragma once

namespace thoplw::capture {

/// While one lives, such tensors have the values that they are given.
class ListedValues {
 public:
  ListedValues();
  ~ListedValues();
  ListedValues(const ListedValues&) = delete;
  ListedValues& operator=(const ListedValues&) = delete;
};

}  // namespace thoplw::capture
