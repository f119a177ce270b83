// What thop and ultralytics-thop, which grew out of it, count alike.
#pragma once

#include <cstdint>

#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

namespace thoplw::tools::thop_hooks {

inline Work norm(const CallView& call) { return only(Kind::norm, numel(call.in()) * (call.param("weight") ? 4 : 2)); }

inline Work prelu(const CallView& call) { return only(Kind::activation, numel(call.in())); }

inline Work linear(const CallView& call) {
  return only(Kind::contraction, numel(call.out()) * work::size_from_end(call.in(), 1));
}

/// Gates of a recurrent cell, and what it does element by element besides.
struct Cell {
  std::uint64_t gates, products;
};
inline constexpr Cell kRnn{1, 0}, kGru{3, 4}, kLstm{4, 4};

}  // namespace thoplw::tools::thop_hooks
