// The table of devices: every row is complete, has a source, and is of dense arithmetic.
#include "device/device.h"

#include <doctest/doctest.h>

#include <set>
#include <string>

namespace thoplw {
namespace {

bool is_day(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  return text.find_first_not_of("0123456789-") == std::string_view::npos && text.starts_with("20");
}

TEST_CASE("every device says what it is, who says so, and when that was read") {
  std::set<std::string_view> names;
  for (const Device& device : devices()) {
    CAPTURE(device.name);
    CHECK(names.insert(device.name).second);
    CHECK_FALSE(device.title.empty());
    CHECK(device.kind != DeviceKind::own);
    CHECK(device.source.starts_with("https://"));
    CHECK(is_day(device.read));
    CHECK((device.peaks != Peaks{} || device.bandwidth > 0 || device.memory > 0));
  }
}

TEST_CASE("no device is a copy of another") {
  for (const Device& one : devices()) {
    for (const Device& other : devices()) {
      if (&one == &other) continue;
      CAPTURE(one.name);
      CAPTURE(other.name);
      const bool same = one.peaks == other.peaks && one.bandwidth == other.bandwidth && one.memory == other.memory &&
                        one.flash == other.flash;
      CHECK_FALSE(same);
    }
  }
}

TEST_CASE("a device is found by any of its names, however it is written") {
  CHECK(find_device("h100-sxm").title == "NVIDIA H100 SXM");
  CHECK(find_device("h100").title == "NVIDIA H100 SXM");
  CHECK(find_device("H100 PCIe").title == "NVIDIA H100 PCIe");
  CHECK_THROWS_WITH(find_device("h10"),
                    "unknown device 'h10'; did you mean 'h100'? `thoplw devices` lists those that are known; a file "
                    "of your own is DEVICE.toml");
}

TEST_CASE("a tensor computes at the rate of its type; f32 at the faster of two") {
  const Device& h100 = find_device("h100");
  CHECK(fastest(h100, DType::bf16) == h100.peaks[NumberType::bf16]);
  CHECK(fastest(h100, DType::f32) == h100.peaks[NumberType::tf32]);
  CHECK(fastest(h100, DType::qi8) == h100.peaks[NumberType::int8]);
  CHECK(fastest(h100, DType::i64) == 0);
}

TEST_CASE("a user's file has a table per device") {
  const auto devices = parse_devices("mine.toml",
                                     "[card]\n"
                                     "title = \"My card\"\n"
                                     "memory = \"16GiB\"\n"
                                     "bandwidth = \"320G\"\n"
                                     "peak = { fp32 = \"8.1T\", int8 = 130_000_000_000_000 }\n"
                                     "[board]\n"
                                     "memory = \"256KiB\"\n"
                                     "flash = \"1MiB\"\n");
  REQUIRE(devices->size() == 2);
  const Device& board = (*devices)[0];  // by alphabet
  const Device& card = (*devices)[1];
  CHECK(card.title == "My card");
  CHECK(card.memory == 17'179'869'184);  // 16 * 1024^3
  CHECK(card.bandwidth == 320'000'000'000);
  CHECK(card.peaks[NumberType::fp32] == 8'100'000'000'000);
  CHECK(card.peaks[NumberType::int8] == 130'000'000'000'000);
  CHECK(card.peaks[NumberType::bf16] == 0);
  CHECK(board.title == "board");
  CHECK(board.memory == 262'144);
  CHECK(board.flash == 1'048'576);
}

struct Wrong {
  const char* text;
  const char* message;
};

TEST_CASE("what is wrong in a user's file is named with its line") {
  const Wrong rows[] = {
      {"", "mine.toml: has no device; write a table such as [mine] for each"},
      {"card = 1", "mine.toml:1: card: must be a table, such as [card], and below it bandwidth = \"3350G\", not 1"},
      {"[card]\nbandwith = \"1G\"",
       "mine.toml:2: card.bandwith: unknown key 'bandwith'; did you mean 'bandwidth'? known: bandwidth flash memory "
       "note peak read source title"},
      {"[card]\npeak = { bf17 = \"1T\" }",
       "mine.toml:2: card.peak.bf17: unknown type 'bf17'; did you mean 'bf16'? known: fp64 fp32 tf32 fp16 bf16 fp8 "
       "int8 fp4 int4"},
      {"[card]\nmemory = \"much\"",
       "mine.toml:2: card.memory: 'much' is not an amount of memory; write one such as 24G or 24GiB"},
      {"[card]\nmemory = 0", "mine.toml:2: card.memory: must be a whole number from 1 to 1000000000000000000, not 0"},
      {"[card]\nmemory = \"0G\"", "mine.toml:2: card.memory: must be more than 0; leave out what is not known"},
  };
  for (const Wrong& row : rows) CHECK_THROWS_WITH(parse_devices("mine.toml", row.text), row.message);
}

}  // namespace
}  // namespace thoplw
