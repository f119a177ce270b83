// Tests of calls that run again in backward.
#include <doctest/doctest.h>

#include "base/error.h"
#include "trace/text.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

// Two blocks of two layers; the second block gets a mask, too.
const std::string kBlocks = R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
module "" app.Net
module "layers" app.Net
module "layers.0" app.Net
module "layers.0.a" app.Net
module "layers.1" app.Net
module "layers.1.a" app.Net
module "unused" app.Net
call "" (%0:f32[2]) -> (%4:f32[2]) {
  aten::neg(%0:f32[2]) -> %1:f32[2]
  call "layers.0" (%1:f32[2]) -> (%3:f32[2]) {
    call "layers.0.a" (%1:f32[2]) -> (%2:f32[2]) {
      aten::exp(%1:f32[2]) -> %2:f32[2]
    }
    aten::sin(%2:f32[2]) -> %3:f32[2]
  }
  call "layers.1" (%3:f32[2], %5:bool[2], %3:f32[2]) -> (%4:f32[2]) {
    call "layers.1.a" (%3:f32[2]) -> (%4:f32[2]) {
      aten::exp(%3:f32[2]) -> %4:f32[2]
    }
  }
}
)";

std::string regions_of(const Trace& trace) {
  const std::string text = to_text(trace);
  const std::size_t first = text.find("region");
  return first == std::string::npos ? "" : text.substr(first);
}

TEST_CASE("the outermost calls that a glob names are regions that keep what goes in") {
  struct Case {
    std::vector<std::string> globs;
    std::string regions;
  };
  const Case cases[] = {
      {{"layers.*"},
       "region checkpoint \"\" 1 3 (%1:f32[2]) -> (%3:f32[2]) keeps (%1:f32[2])\n"
       "region checkpoint \"\" 3 4 (%3:f32[2], %5:bool[2], %3:f32[2]) -> (%4:f32[2]) keeps (%3:f32[2], %5:bool[2])\n"},
      {{"*.a"},
       "region checkpoint \"\" 1 2 (%1:f32[2]) -> (%2:f32[2]) keeps (%1:f32[2])\n"
       "region checkpoint \"\" 3 4 (%3:f32[2]) -> (%4:f32[2]) keeps (%3:f32[2])\n"},
      {{"(root)", "layers.0"}, "region checkpoint \"\" 0 4 (%0:f32[2]) -> (%4:f32[2]) keeps (%0:f32[2])\n"},
  };
  for (const Case& row : cases) CHECK(regions_of(checkpointed(parse_trace(kBlocks), row.globs)) == row.regions);
}

TEST_CASE("reentrant checkpoints are of their own kind") {
  CHECK(checkpointed(parse_trace(kBlocks), {"layers.1"}, Region::Kind::reentrant).regions.front().kind ==
        Region::Kind::reentrant);
}

TEST_CASE("regions begin in order, with those that the model has") {
  const Trace trace = parse_trace(kBlocks + "region function \"F\" 3 4 (%3:f32[2]) -> (%4:f32[2]) keeps ()\n");
  CHECK(regions_of(checkpointed(trace, {"layers.*"})).find("1 3") <
        regions_of(checkpointed(trace, {"layers.*"})).find("3 4"));
  CHECK(checkpointed(trace, {"layers.1"}).regions.front().kind == Region::Kind::checkpoint);
  CHECK(checkpointed(trace, {"layers.1"}).regions.back().kind == Region::Kind::function);
}

TEST_CASE("what cannot be checkpointed is said") {
  CHECK_THROWS_WITH_AS(checkpointed(parse_trace(kBlocks), {"0.a"}),
                       "checkpoint '0.a' matches nothing of this model; it has to match a path as a whole: try '*0.a'",
                       Error);
  CHECK_THROWS_WITH_AS(checkpointed(parse_trace(kBlocks), {"unused"}),
                       "checkpoint 'unused' matches nothing of this model", Error);
  const Trace trace =
      parse_trace(kBlocks + "region checkpoint \"\" 1 3 (%1:f32[2]) -> (%3:f32[2]) keeps (%1:f32[2])\n");
  CHECK_THROWS_WITH_AS(checkpointed(trace, {"layers.*"}),
                       doctest::Contains("layers.0 is checkpointed by the model itself"), Error);
}

}  // namespace
}  // namespace thoplw
