// Tests of what loops and routers do: steps in order, and parameters per token.
#include <doctest/doctest.h>

#include "conventions/convention.h"
#include "count/count.h"
#include "trace/text.h"

namespace thoplw {
namespace {

Report report_of(const std::string& trace) { return count(parse_trace(trace), find_convention("exact")); }

// Two passes over the model, of 3 rows and of 1, after an encoder of 2 rows.
constexpr const char* kLoop = R"(thoplw trace 1
model "Loop"
source "by hand"
class app.Loop
class torch.nn.Linear
module "" app.Loop
module "encoder" torch.nn.Linear
param "weight" %1:f32[4,4] trainable
param "encoder.weight" %2:f32[4,4] trainable
call "encoder" (%3:f32[2,4]) -> (%4:f32[2,4]) {
  aten::linear(%3:f32[2,4], %2:f32[4,4], none) -> %4:f32[2,4]
}
call "" (%5:f32[3,4]) -> (%6:f32[3,4]) {
  aten::linear(%5:f32[3,4], %1:f32[4,4], none) -> %6:f32[3,4]
}
call "" (%7:f32[1,4]) -> (%8:f32[1,4]) {
  aten::linear(%7:f32[1,4], %1:f32[4,4], none) -> %8:f32[1,4]
}
)";

TEST_CASE("each outermost call is a step, and passes over the model are told apart") {
  const Report report = report_of(kLoop);
  REQUIRE(report.steps.size() == 3);
  CHECK(report.steps[0].path == "encoder");
  CHECK(report.steps[0].macs == 2 * 4 * 4);
  CHECK(report.steps[1].macs == 3 * 4 * 4);
  CHECK(report.steps[2].macs == 1 * 4 * 4);
  CHECK(report.steps[2].in->shape == Dims{1, 4});
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0] == "the model ran 2 times: 48 MACs the first time, 16 in the other 1");
}

// 5 tokens, each to 2 of 4 experts that are stacked in one tensor: 10 rows.
constexpr const char* kStacked = R"(thoplw trace 1
model "Experts"
source "by hand"
class app.Experts
module "" app.Experts
param "stacked" %1:f32[4,6,8] trainable
param "router" %2:f32[4,8] trainable
call "" (%3:f32[5,8]) -> (%9:f32[10,6]) {
  aten::linear(%3:f32[5,8], %2:f32[4,8], none) -> %4:f32[5,4]
  aten::topk(%4:f32[5,4]) -> (%11:f32[5,2], %12:i64[5,2])
  aten::reshape(%12:i64[5,2]) -> %13:i64[10]
  aten::argsort(%13:i64[10]) -> %5:i64[10]
  aten::histc(%13:i64[10]) -> %8:i32[4]
  aten::index(%3:f32[5,8], %5:i64[10]) -> %6:f32[10,8]
  aten::transpose(%1:f32[4,6,8]) -> %7:f32[4,8,6]
  aten::_grouped_mm(%6:f32[10,8], %7:f32[4,8,6], %8:i32[4]) -> %9:f32[10,6]
}
)";

TEST_CASE("of experts stacked in one tensor, those chosen for a token are active") {
  const Report report = report_of(kStacked);
  CHECK(report.total[Measure::macs] == 5 * 4 * 8 + 10 * 8 * 6);
  CHECK(report.total[Measure::params] == 4 * 6 * 8 + 4 * 8);
  CHECK(report.active_params == 2 * 6 * 8 + 4 * 8);
  REQUIRE(report.notes.size() == 1);
  CHECK(report.notes[0].starts_with("128 of 224 parameters are active per token"));
}

// The same experts picked one by one: 3 rows for the first, 7 for the third.
constexpr const char* kSelected = R"(thoplw trace 1
model "Experts"
source "by hand"
class app.Experts
module "" app.Experts
param "stacked" %1:f32[4,6,8] trainable
param "router" %2:f32[4,8] trainable
call "" (%3:f32[5,8]) -> () {
  aten::linear(%3:f32[5,8], %2:f32[4,8], none) -> %10:f32[5,4]
  aten::topk(%10:f32[5,4]) -> (%11:f32[5,2], %12:i64[5,2])
  aten::nonzero(%12:i64[5,2]) -> %13:i64[3]
  aten::nonzero(%12:i64[5,2]) -> %14:i64[7]
  aten::select(%1:f32[4,6,8]) -> %4:f32[6,8]
  aten::index(%3:f32[5,8], %13:i64[3]) -> %5:f32[3,8]
  aten::linear(%5:f32[3,8], %4:f32[6,8], none) -> %6:f32[3,6]
  aten::select(%1:f32[4,6,8]) -> %7:f32[6,8]
  aten::index(%3:f32[5,8], %14:i64[7]) -> %8:f32[7,8]
  aten::linear(%8:f32[7,8], %7:f32[6,8], none) -> %9:f32[7,6]
}
)";

TEST_CASE("experts picked one by one give the same") { CHECK(report_of(kSelected).active_params == 2 * 6 * 8 + 4 * 8); }

// The same without a router: types of edges, say, come with the input.
TEST_CASE("matrices for rows that are picked by the input are all active") {
  std::string trace = kSelected;
  const std::size_t router = trace.find("  aten::linear(%3");
  trace.erase(router, trace.find("  aten::select(%1") - router);
  const Report report = report_of(trace);
  CHECK(report.active_params == 4 * 6 * 8 + 4 * 8);
  CHECK(report.notes.empty());
}

// A table of positions is read row by row, and multiplied with queries: every token may use all of it.
TEST_CASE("tables that are indexed are no experts") {
  const Report report = report_of(R"(thoplw trace 1
model "Positions"
source "by hand"
class app.Positions
module "" app.Positions
param "table" %1:f32[9,8] trainable
call "" (%3:f32[5,8]) -> () {
  aten::index(%1:f32[9,8], %2:i64[5]) -> %4:f32[5,8]
  aten::matmul(%3:f32[5,8], %5:f32[8,5]) -> %6:f32[5,5]
  aten::linear(%3:f32[5,8], %4:f32[5,8], none) -> %7:f32[5,5]
}
)");
  CHECK(report.active_params == 9 * 8);
  CHECK(report.notes.empty());
}

}  // namespace
}  // namespace thoplw
