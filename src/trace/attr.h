// Attributes of an operator: what a formula reads besides tensors.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace thoplw {

using AttrValue = std::variant<std::int64_t, double, bool, std::string, std::vector<std::int64_t>>;

struct Attr {
  std::string name;
  AttrValue value;
};

}  // namespace thoplw
