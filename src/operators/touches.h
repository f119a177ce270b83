// What an operator reads and writes of its tensors, as torch runs it: views move nothing, look-ups read what they
// fetch.
#pragma once

#include <cstdint>
#include <string_view>

namespace thoplw {

enum class Touches : std::uint8_t {
  all,          ///< reads every input, writes every result: what holds where nothing else is known
  nothing,      ///< its results are views, or it only asks for sizes
  turned,       ///< a view whose elements come in another order
  part,         ///< a view of a part
  reshaped,     ///< a view where the input lies in one piece, else a copy
  sizes,        ///< of its inputs only sizes and types are read
  rows,         ///< of its first input as much is read as comes out: a look-up
  bags,         ///< of its first input a row is read for each element of the second
  experts,      ///< of its second input at most as many matrices are read as the first has rows
  replaced,     ///< in place: what it writes to is not read
  scattered,    ///< in place: of what it writes to, as much is touched as the last input has elements
  accumulated,  ///< the same, and that is read, too
};

std::string_view name(Touches touches);  ///< "nothing"

/// By name, in-place forms included.
Touches touches(std::string_view op_name);

/// Does the operator write to its first input, by its name?
bool in_place(std::string_view op_name);

}  // namespace thoplw
