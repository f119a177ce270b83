// Sizes by the subscripts of an equation, as tools that price one by itself read them.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "operators/rule.h"

namespace thoplw::tools {

/// By letter; where an ellipsis stands for dimensions, by "." and their place from its end.
using BySubscript = std::map<std::string, std::int64_t>;

struct Equation {
  std::string text;    ///< without spaces
  std::string result;  ///< its letters; where the equation tells none, the ellipsis and every letter written once
  std::vector<BySubscript> operands;

  bool keeps(const std::string& subscript) const { return result.find(subscript[0]) != result.npos; }
};

/// Of an aten::einsum.
Equation equation_of(const OpView& op);

/// Of each subscript its largest size.
BySubscript sizes_of(const Equation& equation);

/// The operations that numpy's einsum_path prints, which has four digits: 1, and for each pair of operands that it
/// contracts, in the best order, one for each combination of subscripts, or two where some are summed.
Count numpy_estimate(const Equation& equation);

}  // namespace thoplw::tools
