// The table of devices: every row is complete, has a source, and is of dense arithmetic.
#include "device/device.h"

#include <doctest/doctest.h>

#include <algorithm>
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
    CHECK(device.source.find("https://") != std::string_view::npos);
    CHECK(is_day(device.read));
    CHECK((device.peaks != Peaks{} || device.bandwidth > 0 || device.memory > 0));
  }
}

TEST_CASE("no device that computes is a copy of another, and no name is of two") {
  std::set<std::string> names;
  for (const Device& one : devices()) {
    for (std::string_view rest = one.also; !rest.empty();) {
      const std::size_t end = std::min(rest.find(' '), rest.size());
      CHECK_MESSAGE(names.insert(std::string(rest.substr(0, end))).second, rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    CHECK_MESSAGE(names.insert(std::string(one.name)).second, one.name);
    for (const Device& other : devices()) {
      if (&one == &other || one.peaks == Peaks{}) continue;
      CAPTURE(one.name);
      CAPTURE(other.name);
      CHECK_FALSE((one.peaks == other.peaks && one.bandwidth == other.bandwidth && one.memory == other.memory));
    }
  }
}

/// How many times as fast a device multiplies matrices of int8 as of bf16, or fp16 where it has no bf16, as its maker
/// says. A row that was copied with sparsity for one of the two gives another number.
struct Ratio {
  const char* name;
  double ratio;
};

TEST_CASE("peaks are dense: int8 and fp8 are to 16 bits as the maker says") {
  const Ratio exceptions[] = {
      {"mi250", 1},       {"mi250x", 1},         {"tpu-v4", 1},   {"rtx-2080-ti", 4},
      {"rtx-3060", 4},    {"rtx-3060-ti", 4},    {"rtx-3070", 4}, {"rtx-3070-ti", 4},
      {"rtx-3080", 4},    {"rtx-3080-ti", 4},    {"rtx-3090", 4}, {"rtx-3090-ti", 4},
      {"rtx-4090", 4},    {"rtx-4080-super", 4}, {"rtx-4080", 4}, {"rtx-4070-ti-super", 4},
      {"rtx-4070", 4},    {"rtx-4060", 4},       {"rtx-5090", 4}, {"rtx-5080", 4},
      {"rtx-5070-ti", 4}, {"rtx-5070", 4},
  };
  for (const Device& device : devices()) {
    const auto half = static_cast<double>(device.peaks[NumberType::bf16] > 0 ? device.peaks[NumberType::bf16]
                                                                             : device.peaks[NumberType::fp16]);
    if (half == 0) continue;
    CAPTURE(device.name);
    const auto* row = std::ranges::find(exceptions, device.name, &Ratio::name);
    const double ratio = row == std::end(exceptions) ? 2 : row->ratio;
    const auto int8 = static_cast<double>(device.peaks[NumberType::int8]);
    const auto fp8 = static_cast<double>(device.peaks[NumberType::fp8]);
    if (int8 > 0) CHECK(int8 / half == doctest::Approx(ratio).epsilon(0.01));
    if (fp8 > 0) CHECK(fp8 / half == doctest::Approx(2).epsilon(0.03));  // Trainium2: 1299 to 667
    if (device.peaks[NumberType::fp16] > 0) CHECK(static_cast<double>(device.peaks[NumberType::fp16]) == half);
  }
}

/// A peak worked out by what is inside: units, operations of each in a cycle without sparsity, GHz.
struct WorkedOut {
  const char* name;
  NumberType type;
  double units, operations, ghz;
};

TEST_CASE("peaks are those of the units at their clock") {
  // Operations of a multiprocessor in a cycle: the white papers of Volta to Blackwell. CDNA3: 2048 of a compute unit.
  const WorkedOut rows[] = {
      {"v100", NumberType::fp16, 80, 1024, 1.530},       {"t4", NumberType::fp16, 40, 1024, 1.590},
      {"a100", NumberType::bf16, 108, 2048, 1.410},      {"a100", NumberType::tf32, 108, 1024, 1.410},
      {"a100", NumberType::int8, 108, 4096, 1.410},      {"h100", NumberType::bf16, 132, 4096, 1.830},
      {"h100", NumberType::fp8, 132, 8192, 1.830},       {"rtx-3090", NumberType::fp32, 82, 256, 1.695},
      {"rtx-3090", NumberType::bf16, 82, 512, 1.695},    {"rtx-3090", NumberType::int8, 82, 2048, 1.695},
      {"rtx-3060", NumberType::int8, 28, 2048, 1.777},   {"rtx-3080", NumberType::int8, 68, 2048, 1.710},
      {"rtx-4090", NumberType::fp32, 128, 256, 2.520},   {"rtx-4090", NumberType::bf16, 128, 512, 2.520},
      {"rtx-5090", NumberType::bf16, 170, 512, 2.407},   {"rtx-5090", NumberType::fp32, 170, 256, 2.407},
      {"mi300x", NumberType::bf16, 304, 2048, 2.100},    {"mi250x", NumberType::bf16, 220, 1024, 1.700},
      {"rx-7900-xtx", NumberType::fp16, 96, 512, 2.498}, {"gaudi2", NumberType::bf16, 2, 2 * 256 * 256, 1.650},
  };
  for (const WorkedOut& row : rows) {
    CAPTURE(row.name);
    const double peak = row.units * row.operations * row.ghz * 1e9;
    CHECK(static_cast<double>(find_device(row.name).peaks[row.type]) == doctest::Approx(peak).epsilon(0.004));
  }
}

TEST_CASE("a device as a file is the same device") {
  for (const Device& device : devices()) {
    const std::string text = to_toml(device);
    const auto read = parse_devices("x.toml", text);
    CAPTURE(text);
    REQUIRE(read->size() == 1);
    Device same = read->front();
    same.also = device.also;  // what a file does not have
    same.kind = device.kind;
    CHECK(same == device);
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
       "mine.toml:2: card.bandwith: unknown key 'bandwith'; did you mean 'bandwidth'? known: bandwidth flash link "
       "memory note peak read source title"},
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
