// The one exception: its message says where, what and the cure.
#pragma once

#include <stdexcept>

namespace thoplw {

struct Error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

}  // namespace thoplw
