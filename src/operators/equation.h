// The equation of an einsum: "bij,bjk->bik".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw {

/// A subscript of a dimension: a letter's code, or kFirstOfEllipsis + i for the i-th dimension of an ellipsis, counted
/// from its end. So are ellipses of different lengths matched.
using Subscript = std::size_t;
constexpr Subscript kFirstOfEllipsis = 128;  ///< letters are ASCII

constexpr char kEllipsis = '.';

struct Equation {
  std::string text;                   ///< without spaces
  std::vector<std::string> operands;  ///< letters, an ellipsis shortened to one kEllipsis
  std::string result;                 ///< the same, written or implied

  /// One subscript per dimension. Throws Error where the i-th operand cannot have so many dimensions.
  std::vector<Subscript> subscripts_of(std::size_t operand, std::size_t dimensions) const;

  /// Is the dimension with that subscript one of the result?
  bool keeps(Subscript subscript) const;

  /// Throws Error("equation 'ij,jk->ik': what").
  [[noreturn]] void misfit(const std::string& what) const;
};

/// Throws Error("equation '1->1': letters, one ellipsis, ',' and '->' are understood").
Equation parse_equation(std::string_view text);

}  // namespace thoplw
