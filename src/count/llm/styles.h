// The styles of transformers' plans: how a tensor is divided among devices, and what is sent after a module.
#pragma once

#include <cstdint>
#include <string_view>

namespace thoplw {

enum class Divided : std::uint8_t {
  no,       ///< each device has all of it
  rows,     ///< of a matrix, or of each of several; a vector by its elements
  columns,  ///< of a matrix; each device has all of a vector
  first,    ///< by its first dimension
  experts,  ///< by its first dimension, among those that share the experts
};

enum class Sent : std::uint8_t {
  nothing,
  sums,    ///< devices have parts of sums, and add them up: an all-reduce
  parts,   ///< each device gets what the others have: an all-gather
  tokens,  ///< each token goes to the devices of its experts, and comes back
};

struct Style {
  std::string_view name;
  Divided divided = Divided::no;
  Sent sent = Sent::nothing;
};

/// Null where there is none of that name.
const Style* find_style(std::string_view name);

}  // namespace thoplw
