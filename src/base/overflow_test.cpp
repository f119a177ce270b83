// Sums, differences and products at the ends of 64 bits: by the compiler, and as it is without its help.
#include "base/overflow.h"

#include <doctest/doctest.h>

#include <vector>

#include "base/wide.h"

namespace thoplw {
namespace {

constexpr std::int64_t kLeast = INT64_MIN, kMost = INT64_MAX;

/// The exact result of an operation, and what is left of it in 64 bits.
template <typename T, typename Function, typename Exact>
void check(T a, T b, Function function, Exact exact) {
  T result{};
  const bool overflows = function(a, b, result);
  CAPTURE(a);
  CAPTURE(b);
  CHECK(overflows == (exact < Wide(std::numeric_limits<T>::min()) || exact > Wide(std::numeric_limits<T>::max())));
  if (!overflows) CHECK((Wide(result) == exact));
}

/// Products of unsigned numbers need all of 128 bits, so these are below 2^63.
template <typename T>
void check_all(const std::vector<T>& numbers) {
  for (const T a : numbers) {
    for (const T b : numbers) {
      const Wide x = a, y = b;
      check(a, b, add_overflows<T>, x + y);
      check(a, b, standard::add_overflows<T>, x + y);
      check(a, b, subtract_overflows<T>, x - y);
      check(a, b, standard::subtract_overflows<T>, x - y);
      check(a, b, multiply_overflows<T>, x * y);
      check(a, b, standard::multiply_overflows<T>, x * y);
    }
  }
}

TEST_CASE("arithmetic of 64 bits says where it leaves them") {
  check_all(std::vector<std::int64_t>{0, 1, -1, 2, -2, 3, kMost, kMost - 1, kLeast, kLeast + 1, kMost / 2,
                                      kMost / 2 + 1, kLeast / 2, kLeast / 2 - 1, 3037000499, 3037000500, -3037000500,
                                      1LL << 32, -(1LL << 32)});
  check_all(
      std::vector<std::uint64_t>{0, 1, 2, 3, 1ULL << 31, 1ULL << 32, (1ULL << 32) - 1, 1ULL << 62, (1ULL << 63) - 1});
}

TEST_CASE("an unsigned result is what is left of it in 64 bits") {
  std::uint64_t result = 0;
  CHECK(standard::add_overflows<std::uint64_t>(UINT64_MAX, 2, result));
  CHECK(result == 1);
  CHECK(standard::subtract_overflows<std::uint64_t>(1, 2, result));
  CHECK(result == UINT64_MAX);
  CHECK(standard::multiply_overflows<std::uint64_t>(1ULL << 63, 3, result));
  CHECK(result == 1ULL << 63);  // 3 * 2^63 = 2^64 + 2^63
  CHECK_FALSE(standard::multiply_overflows<std::uint64_t>(UINT64_MAX, 1, result));
  CHECK(standard::multiply_overflows<std::uint64_t>(UINT64_MAX, UINT64_MAX, result));
}

TEST_CASE("wide numbers divide as those of 64 bits do: towards zero") {
  struct Row {
    std::int64_t a, b, quotient, rest;
  };
  constexpr Row rows[] = {{7, 2, 3, 1}, {-7, 2, -3, -1}, {7, -2, -3, 1}};
  for (const auto& [a, b, quotient, rest] : rows) {
    CHECK((Wide(a) / Wide(b) == Wide(quotient)));
    CHECK((Wide(a) % Wide(b) == Wide(rest)));
  }
  const UnsignedWide most = UnsignedWide(UINT64_MAX) * UINT64_MAX;
  CHECK((most / UINT64_MAX == UINT64_MAX));
  CHECK((most >> 64 == UINT64_MAX - 1));  // (2^64 - 1)^2 = 2^128 - 2^65 + 1
  CHECK(static_cast<std::uint64_t>(most) == 1);
}

}  // namespace
}  // namespace thoplw
