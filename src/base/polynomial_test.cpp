#include "base/polynomial.h"

#include <doctest/doctest.h>

#include <array>

namespace thoplw {
namespace {

using Points = std::vector<std::vector<std::int64_t>>;

TEST_CASE("a polynomial through values of two variables") {
  const Grid grid(Points{{1, 3}, {2, 5, 7}});
  REQUIRE(grid.points() == Points{{1, 2}, {1, 5}, {1, 7}, {3, 2}, {3, 5}, {3, 7}});
  std::vector<std::uint64_t> values;
  for (const auto& point : grid.points()) {  // 10 + 3 b s + b s (s - 1) / 2
    const auto b = static_cast<std::uint64_t>(point[0]), s = static_cast<std::uint64_t>(point[1]);
    values.push_back(10 + 3 * b * s + b * s * (s - 1) / 2);
  }
  const Polynomial found = grid.through(values);
  REQUIRE(found.terms().size() == 3);
  CHECK(found.terms()[0] == Polynomial::Term{10, {0, 0}});
  CHECK(found.terms()[1] == Polynomial::Term{Rational(5) / 2, {1, 1}});  // 3 - 1/2
  CHECK(found.terms()[2] == Polynomial::Term{Rational(1) / 2, {1, 2}});
  CHECK(found.at(std::array<std::int64_t, 2>{4, 1000}) == 10 + 3 * 4 * 1000 + 4 * 1000 * 999 / 2);
}

TEST_CASE("numbers of 64 bits keep all of them") {
  const std::array<std::uint64_t, 3> values = {~std::uint64_t{0}, 1, ~std::uint64_t{0}};
  const Polynomial found = Grid(Points{{1, 2, 3}}).through(values);
  for (const std::int64_t x : {1, 2, 3}) CHECK(found.at(std::array{x}) == values[static_cast<std::size_t>(x - 1)]);
  // Through (1, v), (2, 1), (3, v) goes (v - 1) (x - 2)^2 + 1, at 4 more than 64 bits.
  CHECK(found.at(std::array<std::int64_t, 1>{4}) == (Integer(values[0]) - 1) * 4 + 1);
}

TEST_CASE("one node is a constant, and 0 has no terms") {
  CHECK(Grid(Points{{7}}).through(std::array<std::uint64_t, 1>{42}).terms() ==
        std::vector<Polynomial::Term>{{.coefficient = 42, .powers = {0}}});
  CHECK(Grid(Points{{1, 2}}).through(std::array<std::uint64_t, 2>{0, 0}).terms().empty());
  CHECK(Polynomial().at(std::array<std::int64_t, 1>{3}) == 0);
}

TEST_CASE("a polynomial that is nowhere greater than another") {
  const auto line = [](std::uint64_t at_1, std::uint64_t at_2) {
    return Grid(Points{{1, 2}}).through(std::array{at_1, at_2});
  };
  CHECK(line(2, 4).nowhere_greater(line(3, 6)));  // 2 x and 3 x
  CHECK_FALSE(line(3, 6).nowhere_greater(line(2, 4)));
  CHECK_FALSE(line(2, 4).nowhere_greater(line(3, 4)));  // 2 x and x + 2, which cross at 2
  CHECK_FALSE(line(3, 4).nowhere_greater(line(2, 4)));
  CHECK(line(1, 0).nowhere_greater(line(2, 2)));  // 2 - x and 2
  CHECK_FALSE(line(2, 2).nowhere_greater(line(1, 0)));
}

TEST_CASE("a difference of polynomials has no terms that are 0") {
  const Polynomial a({{3, {1, 0}}, {2, {0, 1}}, {7, {0, 0}}}), b({{3, {1, 0}}, {5, {0, 1}}, {Rational(1) / 2, {1, 1}}});
  CHECK(a - b == Polynomial({{-3, {0, 1}}, {Rational(-1) / 2, {1, 1}}, {7, {0, 0}}}));
  CHECK(a - a == Polynomial());
  CHECK(a - Polynomial() == a);
}

}  // namespace
}  // namespace thoplw
