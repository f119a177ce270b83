#include "count/llm/largest.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace thoplw {
namespace {

struct Case {
  const char* name;
  std::uint64_t (*needed)(std::int64_t);
  std::uint64_t room;
  std::int64_t largest;
};

std::uint64_t affine(std::int64_t n) { return 100 + 7 * static_cast<std::uint64_t>(n); }
std::uint64_t window(std::int64_t n) {
  return 100 + 7 * static_cast<std::uint64_t>(std::min<std::int64_t>(n, 50)) + static_cast<std::uint64_t>(n);
}
std::uint64_t square(std::int64_t n) { return static_cast<std::uint64_t>(n * n); }
std::uint64_t steps(std::int64_t n) { return static_cast<std::uint64_t>(n / 64) * 64; }
std::uint64_t flat(std::int64_t) { return 100; }

constexpr Case kCases[] = {
    {"not even one", affine, 106, 0},
    {"one", affine, 107, 1},
    {"some", affine, 1000, 128},                   // (1000 - 100) / 7 = 128.57
    {"a window that is full", window, 1000, 550},  // 1000 - 100 - 7 * 50
    {"faster than in proportion", square, 1'000'000, 1000},
    {"by steps", steps, 640, 703},  // 704 / 64 is 11
    {"all", flat, 100, 1 << 20},
};

}  // namespace

TEST_CASE("the largest that fits is found by few tries") {
  for (const Case& row : kCases) {
    CAPTURE(row.name);
    int tries = 0;
    const auto needed = [&](std::int64_t number) {
      ++tries;
      return row.needed(number);
    };
    for (const std::int64_t start : {1, 16, 100'000, 1 << 20}) {
      CAPTURE(start);
      tries = 0;
      CHECK(largest_that_fits(1 << 20, row.room, start, needed) == row.largest);
      CHECK(tries <= 28);
    }
  }
}

}  // namespace thoplw
