// Tests of what tools say of a step, worked out by hand.
#include "count/training/tool_totals.h"

#include <doctest/doctest.h>

#include <algorithm>

#include "trace/text.h"

namespace thoplw {
namespace {

ToolTotal total_of(const std::vector<ToolTotal>& totals, std::string_view tool) {
  const auto found = std::ranges::find(totals, tool, &ToolTotal::tool);
  REQUIRE(found != totals.end());
  return *found;
}

// 6 places of the output times 2*3*3 weights, in 2 groups.
constexpr std::string_view kGrouped = R"(thoplw trace 1
mode train
class app.Net
module "" app.Net
param "w" %1:f32[6,2,3,3] trainable
call "" (%0:f32[1,4,3,3]) -> (%2:f32[1,6,1,1]) {
  aten::conv2d(%0:f32[1,4,3,3], %1:f32[6,2,3,3]) -> %2:f32[1,6,1,1]
}
)";

TEST_CASE("FlopCounterMode multiplies the gradient of a grouped weight by the groups") {
  const auto totals = tool_totals(parse_trace(kGrouped), {});
  CHECK(total_of(totals, "thoplw").flops == Count(2 * (108 + 108)));
  const ToolTotal counter = total_of(totals, "FlopCounterMode");
  CHECK(counter.flops == Count(2 * (108 + 2 * 108)));
  CHECK(counter.why.find("a bug of torch 2.13: 216 too many") != std::string::npos);
  CHECK_FALSE(total_of(totals, "6 N x tokens").flops);
}

TEST_CASE("a frozen weight has no gradient to multiply") {
  TrainingPlan plan;
  plan.freeze = {"w"};
  const auto totals = tool_totals(parse_trace(kGrouped), plan);
  CHECK(total_of(totals, "thoplw").flops == Count(2 * 108));
  CHECK(total_of(totals, "FlopCounterMode").flops == Count(2 * 108));
}

TEST_CASE("6 N x tokens multiplies embeddings, too") {
  const auto totals = tool_totals(parse_trace(R"(thoplw trace 1
mode train
class app.Net
module "" app.Net
param "embedding" %1:f32[10,4] trainable
param "head" %2:f32[5,4] trainable
call "" (%0:i64[2,3]) -> (%4:f32[2,3,5]) {
  aten::embedding(%1:f32[10,4], %0:i64[2,3]) -> %3:f32[2,3,4]
  aten::linear(%3:f32[2,3,4], %2:f32[5,4]) -> %4:f32[2,3,5]
}
)"),
                                  {});
  // 6 tokens times 20 weights, three times
  CHECK(total_of(totals, "thoplw").flops == Count(2 * 3 * 6 * 20));
  CHECK(total_of(totals, "FlopCounterMode").flops == Count(2 * 3 * 6 * 20));
  CHECK(total_of(totals, "6 N x tokens").flops == Count(6 * (40 + 20) * 6));
}

}  // namespace
}  // namespace thoplw
