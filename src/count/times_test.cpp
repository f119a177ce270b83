// How long a model takes on a device, worked out by hand.
#include "count/times.h"

#include <doctest/doctest.h>

#include <string>

#include "conventions/convention.h"
#include "render/render.h"
#include "report/saved.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// 10^9 bytes a second; 2*10^9 operations a second in fp32, so that a multiply-add takes 1 ns; eight times that in
/// bf16.
const char* kDevice = R"([slow]
bandwidth = "1G"
peak = { fp32 = "2G", bf16 = "16G" }
)";

/// 3 x 4 by 4 x 5, and an activation.
const char* kTrace = R"(thoplw trace 1
model "M"
class M
class torch.nn.Linear
module "" M
module "fc" torch.nn.Linear
param "fc.weight" %1:f32[5,4] trainable
call "" (%0:f32[3,4]) -> (%3:f32[3,5]) {
  call "fc" (%0:f32[3,4]) -> (%2:f32[3,5]) {
    aten::linear(%0:f32[3,4], %1:f32[5,4]) -> %2:f32[3,5]
  }
  aten::relu(%2:f32[3,5]) -> %3:f32[3,5]
}
)";

struct Fixture {
  std::shared_ptr<const std::vector<Device>> devices = parse_devices("d.toml", kDevice);
  Trace trace = parse_trace(kTrace);

  Report on(std::optional<NumberType> type = std::nullopt) const {
    return count_on({&devices->front(), type}, trace, find_convention("exact"));
  }
};

constexpr std::uint64_t kNano = 1000;  // picoseconds

}  // namespace

TEST_CASE_FIXTURE(Fixture, "an operator takes as long as the slower of arithmetic and memory") {
  const Report report = on();
  const Row& fc = report.rows[1];
  CHECK(fc.own[Measure::traffic] == 48 + 80 + 60);        // input, weight, result
  CHECK(fc.own[Measure::arithmetic_time] == 60 * kNano);  // 3*4*5 multiply-adds
  CHECK(fc.own[Measure::memory_time] == 188 * kNano);
  CHECK(fc.own[Measure::time] == 188 * kNano);
  CHECK(report.rows[0].own[Measure::time] == 120 * kNano);  // relu: 60 bytes in, 60 out
  CHECK(report.total[Measure::time] == 308 * kNano);
  REQUIRE(report.timing);
  CHECK(report.timing->arithmetic == 60 * kNano);
  CHECK(report.timing->bytes == 48 + 80 + 60);  // what is between the layers may stay inside
  CHECK(report.timing->least() == 188 * kNano);
  CHECK(report.timing->estimate == 308 * kNano);
  CHECK(report.timing->arithmetic_exact);
}

TEST_CASE_FIXTURE(Fixture, "in another type weights and activations are as large as that, and computed at its peak") {
  const Report report = on(NumberType::bf16);
  CHECK(report.rows[1].own[Measure::traffic] == 24 + 40 + 30);
  CHECK(report.rows[1].own[Measure::arithmetic_time] == 7500);  // 120 operations at 16 a nanosecond
  CHECK(report.timing->type == "bf16");
  CHECK(report.total[Measure::macs] == 60);
}

TEST_CASE_FIXTURE(Fixture, "the times of a report are saved with it") {
  const Report report = on();
  CHECK(read_report("r.json", find_renderer("json").report(report, {})) == report);
}

TEST_CASE_FIXTURE(Fixture, "tables say what it waits for") {
  RenderOptions options;
  CHECK("\n" + render_report(on(), find_renderer("csv"), options) + "\n" == R"(
Name,Class,Output shape,MACs,Traffic,MACs/B,Time,Bound
(root),M,5,0,120,0,120000,memory
fc,Linear,5,60,188,0.319,188000,memory
Total,M,5,60,308,0.195,308000,memory
)");
  options.by = By::op;
  CHECK("\n" + render_report(on(), find_renderer("csv"), options) + "\n" == R"(
Operator,Calls,MACs,Traffic,MACs/B,Time,Bound
aten::linear,1,60,188,0.319,188000,memory
aten::relu,1,0,120,0,120000,memory
Total,2,60,308,0.195,308000,memory
)");
  const std::string text = render_report(on(), find_renderer("text"), {});
  CHECK(text.find("| 188 ns") != std::string::npos);
  CHECK(text.find("on slow nothing takes less than 188 ns: 60 ns for arithmetic at its peak, 188 ns to move 188 B once "
                  "(weights and inputs that are read, and what comes out)") != std::string::npos);
  CHECK(text.find("operator by operator, as eager torch runs it: 308 ns") != std::string::npos);
}

TEST_CASE("a device without a figure gives what it can, and says what it leaves out") {
  const Trace trace = parse_trace(kTrace);
  const auto devices =
      parse_devices("d.toml", "[a]\nbandwidth = \"1G\"\n[b]\nmemory = \"1K\"\n[c]\npeak = { bf16 = 1 }");
  const Convention& exact = find_convention("exact");
  const Report report = count_on({&(*devices)[0], std::nullopt}, trace, exact);
  CHECK(report.timing->untimed == std::vector<std::string>{"f32"});
  CHECK_FALSE(report.timing->arithmetic_exact);
  CHECK(render_report(report, find_renderer("text"), {})
            .find("on a nothing takes less than 188 ns: an unknown time for arithmetic, 188 ns to move") !=
        std::string::npos);
  CHECK_FALSE(report.amount(Measure::time).exact);
  CHECK(report.timing->least() == 188 * kNano);
  CHECK_THROWS_WITH(count_on({&(*devices)[1], std::nullopt}, trace, exact),
                    "nothing public says how fast b is, so that there is no time to give; its memory is known: see "
                    "`thoplw devices b`");
  CHECK_THROWS_WITH(count_on({&(*devices)[2], NumberType::fp8}, trace, exact),
                    "c has no public figure for fp8; it has for: bf16");
}

TEST_CASE("times are rounded to the nearest picosecond, and never wrap") {
  CHECK(picoseconds(1, 3'000'000'000'000) == 0);
  CHECK(picoseconds(2, 3'000'000'000'000) == 1);
  CHECK(picoseconds(std::uint64_t{1} << 63, 1'000'000'000'000'000) == 9'223'372'036'854'776);
  CHECK_THROWS_WITH(picoseconds(std::uint64_t{1} << 40, 1),
                    "the time exceeds 2^64 picoseconds, which are seven months");
}

}  // namespace thoplw
