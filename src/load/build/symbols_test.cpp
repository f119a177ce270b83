// Symbolic sizes: both ways to write them, and what is refused.
#include "load/build/symbols.h"

#include <doctest/doctest.h>

#include "base/error.h"

namespace thoplw {
namespace {

TEST_CASE("sizes are evaluated as Python evaluates them") {
  struct Sample {
    std::string_view text;
    std::int64_t value;  ///< for s0 = 7 and batch = 3
  };
  const Sample samples[] = {
      {"7", 7},
      {"s0", 7},
      {"2*s0 + 1", 15},
      {"batch*s0", 21},
      {"s0//2", 3},
      {"-s0//2", -4},
      {"-s0 % 4", 1},
      {"floor(s0/2)", 3},
      {"ceiling(s0/2)", 4},
      {"(s0 + 1)/2", 4},
      {"s0**2 - -1", 50},
      {"Max(1, batch, s0)", 7},
      {"Min(s0, batch)", 3},
      {"Mod(s0, 4)", 3},
      {"ModularIndexing(s0, 2, 2)", 1},
      {"Symbol('s0', positive=True, integer=True)", 7},
      {"Add(Mul(Integer(2), Symbol('s0', integer=True)), Integer(-1))", 13},
      {"FloorDiv(Symbol('s0'), Integer(2))", 3},
      {"Mul(Rational(1, 2), Add(Symbol('s0'), Integer(1)))", 4},
      {"Pow(Symbol('batch'), Integer(2))", 9},
      {"2.0*s0", 14},
  };
  for (const auto& [text, value] : samples) {
    CAPTURE(text);
    CHECK(evaluate(text, {{"s0", 7}, {"batch", 3}}) == value);
  }
}

TEST_CASE("a symbol without a value leaves a size open") {
  CHECK(evaluate("s1//s0", {{"s1", 1}}) == std::nullopt);
  CHECK(symbols_in("s1*s0 + s1") == std::vector<std::string>{"s1", "s0"});
}

TEST_CASE("the size of a place gives that of its symbol") {
  CHECK(solve("2*s44", 6) == std::pair<std::string, std::int64_t>("s44", 3));
  CHECK(solve("Add(Symbol('s1'), Integer(-1))", 6) == std::pair<std::string, std::int64_t>("s1", 7));
  CHECK(solve("2*s44", 5) == std::nullopt);
  CHECK(solve("s1*s2", 6) == std::nullopt);
  CHECK(solve("s1//2", 6) == std::nullopt);
}

// -2^63 has no opposite in 64 bits: a processor that is asked to divide it by -1 stops the process.
TEST_CASE("the least number is refused, whatever is done with it") {
  for (const char* text : {"-s0", "s0//-1", "s0 % -1", "Abs(s0)", "0 - s0", "-1*s0", "ceiling(s0)"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(evaluate(text, {{"s0", INT64_MIN}}), Error);
    CHECK(solve(text, INT64_MIN) == std::nullopt);
  }
  CHECK(solve("-s0", INT64_MIN + 1) == std::pair<std::string, std::int64_t>("s0", INT64_MAX));
  CHECK(solve("1 - s0", INT64_MIN) == std::nullopt);
}

TEST_CASE("what is no size is refused") {
  for (const char* text : {"", "s0 +", "(s0", "s0)", "f(s0)", "s0 ? 1", "'s0'", "Symbol(s0)", "1/0", "7/2", "1.5",
                           "9223372036854775807*9223372036854775807", "2**1000", "99999999999999999999"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(evaluate(text, {{"s0", 7}}), Error);
  }
  CHECK_THROWS_AS(evaluate(std::string(100000, '('), {}), Error);
}

}  // namespace
}  // namespace thoplw
