// Tests of parameters that are not trained.
#include <doctest/doctest.h>

#include "base/error.h"
#include "trace/text.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

// A head that shares its weight with the embedding.
constexpr const char* kTied = R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
class torch.nn.Linear
module "" app.Net
module "encoder" app.Net
module "encoder.first" torch.nn.Linear
module "head" torch.nn.Linear
param "encoder.scale" %0:f32[1] trainable
param "encoder.first.weight" %1:f32[4,4] trainable
param "encoder.first.bias" %2:f32[4] trainable
param "head.weight" %1:f32[4,4] trainable
param "head.bias" %3:f32[4] frozen
buffer "head.mean" %4:f32[4]
)";

/// "encoder.scale head.weight": those that are trained.
std::string trainable(const Trace& trace) {
  std::string names;
  for (const Param& param : trace.params) {
    const std::string& module = at(trace.modules, param.module).path;
    if (param.trainable) names += (names.empty() ? "" : " ") + module + (module.empty() ? "" : ".") + param.name;
  }
  return names;
}

TEST_CASE("what a glob names is frozen, as a parameter or as a module around it") {
  struct Case {
    std::vector<std::string> globs;
    std::string trained;
  };
  const Case cases[] = {
      {{"encoder.scale"}, "encoder.first.weight encoder.first.bias head.weight"},
      {{"*.bias"}, "encoder.scale encoder.first.weight head.weight"},
      {{"encoder.first"}, "encoder.scale"},  // the head's weight is the same tensor
      {{"encoder.*"}, ""},
      {{"head"}, "encoder.scale encoder.first.bias"},
      {{"(root)"}, ""},
      {{"*scale", "*bias"}, "encoder.first.weight head.weight"},
      {{}, "encoder.scale encoder.first.weight encoder.first.bias head.weight"},
  };
  for (const Case& row : cases) CHECK(trainable(frozen(parse_trace(kTied), row.globs)) == row.trained);
}

TEST_CASE("all but what a glob names is frozen") {
  CHECK(trainable(only_trained(parse_trace(kTied), {"head"})) == "encoder.first.weight head.weight");
  CHECK(trainable(only_trained(parse_trace(kTied), {"*bias"})) ==
        "encoder.first.bias");  // the head's was frozen before
}

TEST_CASE("copies that autocast made of a frozen weight are gone after the operator that reads them") {
  constexpr const char* kUnderAutocast = R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
module "" app.Net
param "a" %0:f32[4,4] trainable
param "b" %1:f32[4,4] trainable
call "" (%2:bf16[2,4]) -> (%6:bf16[2,4]) {
  aten::to(%0:f32[4,4]) -> %3:bf16[4,4]
  aten::linear(%2:bf16[2,4], %3:bf16[4,4], none) -> %4:bf16[2,4]
  aten::to(%1:f32[4,4]) -> %5:bf16[4,4]
  aten::linear(%4:bf16[2,4], %5:bf16[4,4], none) -> %6:bf16[2,4]
}
storage 64 (%0:f32[4,4])
storage 64 (%1:f32[4,4])
storage 32 born=0 died=4 (%3:bf16[4,4])
storage 32 born=2 died=4 (%5:bf16[4,4])
)";
  const MemoryRecord memory = frozen(parse_trace(kUnderAutocast), {"a"}).memory;
  CHECK(memory.storages[2].died == 2);
  CHECK(memory.storages[3].died == 4);
}

TEST_CASE("a glob that matches nothing is an error with what may be meant") {
  CHECK_THROWS_WITH_AS(frozen(parse_trace(kTied), {"head", "encodr"}),
                       "freeze 'encodr' matches nothing of this model; did you mean 'encoder'?", Error);
  CHECK_THROWS_WITH_AS(
      only_trained(parse_trace(kTied), {"first.*"}),
      "train-only 'first.*' matches nothing of this model; it has to match a path as a whole: try '*first.*'", Error);
  CHECK_THROWS_WITH_AS(frozen(parse_trace(kTied), {"xyz*"}), "freeze 'xyz*' matches nothing of this model", Error);
}

}  // namespace
}  // namespace thoplw
