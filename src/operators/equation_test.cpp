// Tests of reading the equation of an einsum.
#include "operators/equation.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace thoplw {
namespace {

using Subscripts = std::vector<Subscript>;

constexpr Subscript of_ellipsis(std::size_t from_end) { return kFirstOfEllipsis + from_end; }

}  // namespace

TEST_CASE("operands and result") {
  const Equation equation = parse_equation("b i j, ...jk -> b...k");
  CHECK(equation.text == "bij,...jk->b...k");
  CHECK(equation.operands == std::vector<std::string>{"bij", ".jk"});
  CHECK(equation.result == "b.k");
}

TEST_CASE("without an arrow the result has the ellipsis and what is written once, in the order of the alphabet") {
  CHECK(parse_equation("zj,ja").result == ".az");
  CHECK(parse_equation("ii").result == ".");
  CHECK(parse_equation("Ba").result == ".Ba");  // capital letters come first
  CHECK(parse_equation("i->").result == "");
}

TEST_CASE("dimensions of ellipses are matched from their ends") {
  const Equation equation = parse_equation("i...j,...j->...");
  CHECK(equation.subscripts_of(0, 4) == Subscripts{'i', of_ellipsis(1), of_ellipsis(0), 'j'});
  CHECK(equation.subscripts_of(1, 2) == Subscripts{of_ellipsis(0), 'j'});
  CHECK(equation.subscripts_of(1, 1) == Subscripts{'j'});
  CHECK(equation.keeps(of_ellipsis(1)));
  CHECK_FALSE(equation.keeps('j'));
  CHECK_THROWS_WITH_AS(equation.subscripts_of(0, 1),
                       "equation 'i...j,...j->...': 'i.j' does not fit a tensor of 1 dimensions", Error);
}

TEST_CASE("what torch does not understand either is an error") {
  for (const char* text : {"i1->i", "i..j", "...i...", "i->j->k", "\xc3\xa9"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(parse_equation(text), Error);
  }
}

}  // namespace thoplw
