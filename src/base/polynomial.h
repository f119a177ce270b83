// Polynomials in several variables, with exact coefficients.
#pragma once

#include <boost/multiprecision/cpp_int.hpp>
#include <cstdint>
#include <span>
#include <vector>

namespace thoplw {

// Without templates of expressions, of which g++ 12 raises false alarms.
using Integer = boost::multiprecision::number<boost::multiprecision::cpp_int_backend<>, boost::multiprecision::et_off>;
using Rational =
    boost::multiprecision::number<boost::multiprecision::cpp_rational_backend, boost::multiprecision::et_off>;

class Polynomial {
 public:
  struct Term {
    Rational coefficient;          ///< never 0
    std::vector<unsigned> powers;  ///< by variable
    bool operator==(const Term&) const = default;
  };

  Polynomial() = default;
  /// The terms may be in any order, each product of powers once.
  explicit Polynomial(std::vector<Term> terms);

  /// Those of a low degree first; none is 0.
  const std::vector<Term>& terms() const { return terms_; }
  Rational at(std::span<const std::int64_t> point) const;
  /// Is no coefficient greater than the other's? Then it is nowhere greater, where no variable is negative.
  bool nowhere_greater(const Polynomial& other) const;
  bool operator==(const Polynomial&) const = default;

 private:
  std::vector<Term> terms_;
};

/// Of the same variables.
Polynomial operator-(const Polynomial& a, const Polynomial& b);

/// The points of which each coordinate is one of its variable's nodes.
class Grid {
 public:
  /// Nodes of each variable: all different, at least one.
  explicit Grid(std::vector<std::vector<std::int64_t>> nodes);

  /// In the order in which through() takes values: the last variable changes from each to the next.
  std::vector<std::vector<std::int64_t>> points() const;

  /// The one polynomial through these values whose degree in each variable is less than its number of nodes.
  Polynomial through(std::span<const std::uint64_t> values) const;

 private:
  using Matrix = std::vector<std::vector<Rational>>;
  static Matrix coefficients_of_basis(const std::vector<std::int64_t>& nodes);

  std::vector<std::vector<std::int64_t>> nodes_;
  std::vector<Matrix> basis_;  ///< by variable: the coefficient of each power in the polynomial that is 1 at a node
};

}  // namespace thoplw
