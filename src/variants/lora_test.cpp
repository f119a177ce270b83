// Tests of adapters: a trace before and after, side by side. tests/python/training/test_lora.py has those of peft.
#include <doctest/doctest.h>

#include "base/error.h"
#include "trace/text.h"
#include "variants/variants.h"

namespace thoplw {
namespace {

// Two layers, one of which runs twice: %1 lives while the second reads it.
constexpr const char* kLayers = R"(thoplw trace 1
model "Net"
source "by hand"
mode train
class app.Net
class torch.nn.Linear
module "" app.Net
module "q" torch.nn.Linear
module "out" torch.nn.Linear
param "q.weight" %3:f32[6,6] trainable
param "q.bias" %4:f32[6] trainable
param "out.weight" %5:f32[6,6] trainable
call "" (%0:f32[2,6]) -> (%2:f32[2,6]) {
  call "q" (%0:f32[2,6]) -> (%1:f32[2,6]) {
    aten::linear(%0:f32[2,6], %3:f32[6,6], %4:f32[6]) -> %1:f32[2,6]
  }
  call "out" (%1:f32[2,6]) -> (%2:f32[2,6]) {
    aten::linear(%1:f32[2,6], %5:f32[6,6], none) -> %2:f32[2,6]
  }
}
storage 144 (%3:f32[6,6])
storage 48 born=0 died=2 (%1:f32[2,6])
storage 48 born=1 (%2:f32[2,6])
)";

constexpr const char* kWithAdapter = R"(thoplw trace 1
model "Net"
source "by hand"
mode train
class app.Net
class torch.nn.Linear
class peft.tuners.lora.layer.Linear
class torch.nn.Dropout : torch.nn._DropoutNd
class torch.nn.ModuleDict
module "" app.Net
module "q" peft.tuners.lora.layer.Linear
module "q.base_layer" torch.nn.Linear
module "q.lora_dropout" torch.nn.ModuleDict
module "q.lora_dropout.default" torch.nn.Dropout
module "q.lora_A" torch.nn.ModuleDict
module "q.lora_A.default" torch.nn.Linear
module "q.lora_B" torch.nn.ModuleDict
module "q.lora_B.default" torch.nn.Linear
module "out" torch.nn.Linear
param "q.base_layer.weight" %3:f32[6,6] frozen
param "q.base_layer.bias" %4:f32[6] frozen
param "q.lora_A.default.weight" %6:f32[2,6] trainable
param "q.lora_B.default.weight" %7:f32[6,2] trainable
param "out.weight" %5:f32[6,6] frozen
call "" (%0:f32[2,6]) -> (%2:f32[2,6]) {
  call "q" (%0:f32[2,6]) -> (%1:f32[2,6]) {
    call "q.base_layer" (%0:f32[2,6]) -> (%8:f32[2,6]) {
      aten::linear(%0:f32[2,6], %3:f32[6,6], %4:f32[6]) -> %8:f32[2,6]
    }
    call "q.lora_dropout.default" (%0:f32[2,6]) -> (%9:f32[2,6]) {
      aten::dropout(%0:f32[2,6]) -> %9:f32[2,6] {p=0.5 train=true}
    }
    call "q.lora_A.default" (%9:f32[2,6]) -> (%10:f32[2,2]) {
      aten::linear(%9:f32[2,6], %6:f32[2,6], none) -> %10:f32[2,2]
    }
    call "q.lora_B.default" (%10:f32[2,2]) -> (%11:f32[2,6]) {
      aten::linear(%10:f32[2,2], %7:f32[6,2], none) -> %11:f32[2,6]
    }
    aten::mul(%11:f32[2,6]) -> %12:f32[2,6] {spelt="infix"}
    aten::add(%8:f32[2,6], %12:f32[2,6]) -> %1:f32[2,6] {spelt="infix"}
    aten::to(%1:f32[2,6]) -> %1:f32[2,6]
  }
  call "out" (%1:f32[2,6]) -> (%2:f32[2,6]) {
    aten::linear(%1:f32[2,6], %5:f32[6,6], none) -> %2:f32[2,6]
  }
}
storage 144 (%3:f32[6,6])
storage 48 born=5 died=8 (%1:f32[2,6])
storage 48 born=7 (%2:f32[2,6])
storage 48 (%6:f32[2,6])
storage 48 (%7:f32[6,2])
storage 48 born=0 died=6 (%8:f32[2,6])
storage 48 born=1 died=3 (%9:f32[2,6])
storage 16 born=2 died=4 (%10:f32[2,2])
storage 48 born=3 died=5 (%11:f32[2,6])
storage 48 born=4 died=6 (%12:f32[2,6])
)";

TEST_CASE("an adapter has modules, weights, calls and memory of its own, and all else is frozen") {
  const Lora lora{.rank = 2, .targets = {"q"}, .dropout = 0.5};
  CHECK(to_text(with_lora(parse_trace(kLayers), lora)) == kWithAdapter);
}

TEST_CASE("every call of a target has the same adapter") {
  std::string text = kLayers;
  text.replace(text.find("call \"out\""), 10, "call \"q\"");  // the second call, too
  text.replace(text.find("%5:f32[6,6], none"), 17, "%3:f32[6,6], none");
  const Trace trace = with_lora(parse_trace(text), {.rank = 2, .targets = {"q"}});
  CHECK(trace.params.size() == 5);
  CHECK(trace.calls.size() == 3 + 2 * 4);
  CHECK(trace.ops.size() == 2 * 6);  // without dropout: three products, the scale, the sum, and its type
}

TEST_CASE("a model without memory known has adapters, too") {
  std::string text = kLayers;
  text.resize(text.find("storage"));
  CHECK_FALSE(with_lora(parse_trace(text), {.targets = {"q", "out"}}).memory.known());
}

TEST_CASE("what cannot have an adapter is said") {
  CHECK_THROWS_WITH_AS(with_lora(parse_trace(kLayers), {.targets = {"k"}}),
                       doctest::Contains("lora target 'k' matches nothing of this model"), Error);
  CHECK_THROWS_WITH_AS(with_lora(parse_trace(kLayers), {.rank = -1, .targets = {"q"}}),
                       "lora: the rank is -1; it must be 1 or more", Error);
}

}  // namespace
}  // namespace thoplw
