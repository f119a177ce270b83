// Sizes by the subscripts of an equation, as tools that price one by itself read them.
#pragma once

#include <map>
#include <vector>

#include "base/count.h"
#include "operators/equation.h"
#include "operators/op_view.h"

namespace thoplw::tools {

using BySubscript = std::map<Subscript, std::int64_t>;

/// An aten::einsum.
struct Einsum {
  Equation equation;
  std::vector<BySubscript> operands;  ///< their sizes

  explicit Einsum(const OpView& op);
  BySubscript sizes() const;  ///< of each subscript the largest
};

/// The operations that numpy's einsum_path prints, which has four digits: 1, and for each pair of operands that it
/// contracts, in the best order, one for each combination of subscripts, or two where some are summed.
Count numpy_estimate(const Einsum& einsum);

}  // namespace thoplw::tools
