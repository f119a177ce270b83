// Amounts are read exactly, and what is none is refused.
#include "base/amount.h"

#include <doctest/doctest.h>

#include <limits>
#include <optional>
#include <string>
#include <string_view>

namespace thoplw {

TEST_CASE("an amount is read to the last digit") {
  struct Case {
    const char* text;
    std::uint64_t amount;
  };
  for (const Case& row : {
           Case{"0", 0},
           Case{"0.0", 0},
           Case{"7", 7},
           Case{"2G", 2'000'000'000},
           Case{"2g", 2'000'000'000},
           Case{"12 m", 12'000'000},
           Case{"1.1G", 1'100'000'000},
           Case{"1.82 G", 1'820'000'000},
           Case{"0.3G", 300'000'000},
           Case{".5k", 500},
           Case{"12M", 12'000'000},
           Case{"12_000_000", 12'000'000},
           Case{"1_0.5K", 10'500},
           Case{"7B", 7'000'000'000},
           Case{"2T", 2'000'000'000'000},
           Case{"18P", 18'000'000'000'000'000},
           Case{"2e9", 2'000'000'000},
           Case{"18446744073709551615", std::numeric_limits<std::uint64_t>::max()},
       }) {
    CAPTURE(row.text);
    CHECK(parse_amount(row.text).value() == row.amount);
  }
}

TEST_CASE("a size is of powers of 1000, or of 1024 where it says so") {
  CHECK(parse_bytes("24G").value() == 24'000'000'000);
  CHECK(parse_bytes("24GB").value() == 24'000'000'000);
  CHECK(parse_bytes("24GiB").value() == 24 * 1'073'741'824ULL);
  CHECK(parse_bytes("1.5 KiB").value() == 1536);
  CHECK(parse_bytes("24gb").value() == 24'000'000'000);
  CHECK(parse_bytes("8gib").value() == 8 * 1'073'741'824ULL);
  CHECK(parse_bytes("512").value() == 512);
  CHECK(parse_bytes("512B").value() == 512);
  for (const char* wrong : {"", "B", "iB", "GiB", "24XiB", "24 gigs", "-1G", "99999999PiB", "1.00001KiB"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_bytes(wrong), Error);
  }
}

TEST_CASE("what is no amount is refused") {
  for (const char* wrong : {"", "G", ".", "-1", "+1", "1.2.3", "1__0", "_1", "1_", "2 GFLOPs", "2GB", "two", "nan",
                            "2%", "1,000", "0x10", "1e99", " 2"}) {
    CAPTURE(wrong);
    CHECK_THROWS_WITH_AS(
        parse_amount(wrong),
        ("'" + std::string(wrong) + "' is not a count; write one such as 2G, 1.82G or 12_000_000").c_str(), Error);
  }
  CHECK_THROWS_WITH_AS(parse_amount("0.0005K"),
                       "'0.0005K' is not a whole number; write one such as 2G, 1.82G or 12_000_000", Error);
  for (const char* large : {"18446744073709551616", "18447P", "1e20"}) {
    CHECK_THROWS_WITH_AS(
        parse_amount(large),
        ("'" + std::string(large) + "' is not a count below 2^64; write one such as 2G, 1.82G or 12_000_000").c_str(),
        Error);
  }
}

TEST_CASE("a real number is cut off from the start of a text") {
  struct Case {
    std::string_view text;
    std::optional<double> value;
    std::string_view rest;
  };
  for (const Case& row : {
           Case{"4.09", 4.09, ""},
           Case{"4.09G", 4.09, "G"},
           Case{"  +1.5   ", 1.5, "   "},
           Case{"1e+03", 1000, ""},
           Case{"-.5e-1x", -0.05, "x"},
           Case{"1.2.3", 1.2, ".3"},
           Case{"1,5", 1, ",5"},
           Case{"", {}, ""},
           Case{".", {}, "."},
           Case{"G", {}, "G"},
           Case{"1e999", {}, "1e999"},
           Case{"inf", {}, "inf"},
           Case{"nan", {}, "nan"},
       }) {
    CAPTURE(row.text);
    std::string_view text = row.text;
    CHECK(take_real(text) == row.value);
    CHECK(text == row.rest);
  }
}

TEST_CASE("a percentage on top is taken exactly, and rounded down") {
  const auto with = [](std::uint64_t base, const char* percent) { return plus(base, parse_percent(percent)).value(); };
  CHECK(with(1000, "0%") == 1000);
  CHECK(with(1000, "1%") == 1010);
  CHECK(with(1000, "0.1%") == 1001);
  CHECK(with(999, "0.1%") == 999);    // 999.999
  CHECK(with(1001, "0.1%") == 1002);  // 1002.001
  CHECK(with(99, "1%") == 99);        // 99.99
  CHECK(with(100, "1.5%") == 101);
  CHECK(with(200, "1.5%") == 203);
  CHECK(with(0, "50%") == 0);
  CHECK(with(10'000'000'000'000'000'000U, "10%") == 11'000'000'000'000'000'000U);  // beyond what a double tells apart
  CHECK_THROWS_AS(with(10'000'000'000'000'000'000U, "100%"), Error);
  for (const char* wrong : {"", "%", "1", "0.01", "1 %", "-1%", "1%%", "1.5.5%", "one%", "1.0000001%", "1000000%"}) {
    CAPTURE(wrong);
    CHECK_THROWS_AS(parse_percent(wrong), Error);
  }
}

TEST_CASE("what is no amount of memory is named so") {
  for (const char* wrong : {"24X", "", "G", "iB", "GiB", "-5", "1.5.5GiB", "1.5", "99999999999P", "99999999999PiB"}) {
    CHECK_THROWS_WITH_AS(
        parse_bytes(wrong),
        ("'" + std::string(wrong) + "' is not an amount of memory; write one such as 24G or 24GiB").c_str(), Error);
  }
}

}  // namespace thoplw
