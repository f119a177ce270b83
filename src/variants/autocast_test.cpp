// Tests of traces under torch.autocast: operators and memory before and after, side by side.
#include <doctest/doctest.h>

#include "base/error.h"
#include "trace/text.h"
#include "variants/precision.h"

namespace thoplw {
namespace {

const std::string kRecords = R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
module "" app.Net
module "layer" app.Net
)";

/// All but the records of modules and parameters.
std::string body(const Trace& trace) {
  const std::string text = to_text(trace);
  return text.substr(text.find("call "));
}

// A layer that is trained runs twice, then a softmax, and a product with a frozen weight.
const std::string kTwice = kRecords + R"(param "weight" %0:f32[4,4] trainable
param "layer.weight" %1:f32[4,4] frozen
call "" (%2:f32[2,4]) -> (%6:f32[2,4]) {
  aten::linear(%2:f32[2,4], %0:f32[4,4], none) -> %3:f32[2,4]
  aten::linear(%3:f32[2,4], %0:f32[4,4], none) -> %4:f32[2,4]
  aten::softmax(%4:f32[2,4]) -> %5:f32[2,4]
  call "layer" (%5:f32[2,4]) -> (%6:f32[2,4]) {
    aten::linear(%5:f32[2,4], %1:f32[4,4], none) -> %6:f32[2,4]
  }
}
region checkpoint "" 3 4 (%5:f32[2,4]) -> (%6:f32[2,4]) keeps (%5:f32[2,4])
storage 64 (%0:f32[4,4])
storage 64 (%1:f32[4,4])
storage 32 (%2:f32[2,4])
storage 32 born=0 died=2 (%3:f32[2,4])
storage 32 born=1 died=3 (%4:f32[2,4])
storage 32 born=2 (%5:f32[2,4])
storage 32 born=3 (%6:f32[2,4])
)";

TEST_CASE("inputs of products are cast: a trained weight once, to the end; others for that operator") {
  CHECK(body(autocast(parse_trace(kTwice), DType::bf16, Processor::cpu)) == R"(call "" (%2:f32[2,4]) -> (%6:bf16[2,4]) {
  aten::to(%2:f32[2,4]) -> %7:bf16[2,4]
  aten::to(%0:f32[4,4]) -> %8:bf16[4,4]
  aten::linear(%7:bf16[2,4], %8:bf16[4,4], none) -> %3:bf16[2,4]
  aten::linear(%3:bf16[2,4], %8:bf16[4,4], none) -> %4:bf16[2,4]
  aten::softmax(%4:bf16[2,4]) -> %5:bf16[2,4]
  call "layer" (%5:bf16[2,4]) -> (%6:bf16[2,4]) {
    aten::to(%1:f32[4,4]) -> %9:bf16[4,4]
    aten::linear(%5:bf16[2,4], %9:bf16[4,4], none) -> %6:bf16[2,4]
  }
}
region checkpoint "" 5 7 (%5:bf16[2,4]) -> (%6:bf16[2,4]) keeps (%5:bf16[2,4])
storage 64 (%0:f32[4,4])
storage 64 (%1:f32[4,4])
storage 32 (%2:f32[2,4])
storage 16 born=2 died=4 (%3:bf16[2,4])
storage 16 born=3 died=5 (%4:bf16[2,4])
storage 16 born=4 (%5:bf16[2,4])
storage 16 born=6 (%6:bf16[2,4])
storage 16 born=0 died=3 (%7:bf16[2,4])
storage 32 born=1 died=7 (%8:bf16[4,4])
storage 32 born=5 died=7 (%9:bf16[4,4])
)");
}

TEST_CASE("CUDA computes softmax in fp32") {
  const std::string text = body(autocast(parse_trace(kTwice), DType::f16, Processor::cuda));
  CHECK(text.find("aten::softmax(%4:f16[2,4]) -> %5:f32[2,4]\n") != text.npos);
  CHECK(text.find("    aten::to(%5:f32[2,4]) -> %9:f16[2,4]\n") != text.npos);
}

TEST_CASE("types of results") {
  // Where it stands for a product before it, %0 is of bf16; %1 is of fp32, %2 of fp32 without a dimension.
  const std::string product = "  aten::mm(%8:f32[2,2], %9:f32[2,2]) -> %0:f32[2,2]\n";
  struct Case {
    std::string op, result;
  };
  const Case cases[] = {
      {"aten::add(%0:f32[2,2], %1:f32[2,2]) -> %3:f32[2,2]", "f32"},
      {"aten::add(%0:f32[2,2], %2:f32[]) -> %3:f32[2,2]", "bf16"},
      {"aten::relu(%0:f32[2,2]) -> %3:f32[2,2]", "bf16"},
      {"aten::gt(%0:f32[2,2]) -> %3:bool[2,2]", "bool"},
      {"aten::to(%0:f32[2,2]) -> %3:f64[2,2]", "f64"},
      {"aten::batch_norm(%0:f32[2,2], %1:f32[2,2]) -> %3:f32[2,2]", "bf16"},
      {"aten::type_as(%0:f32[2,2], %1:f32[2,2]) -> %3:f32[2,2]", "f32"},
      {"aten::cat(%0:f32[2,2], %1:f32[2,2]) -> %3:f32[4,2]", "f32"},
      {"aten::mse_loss(%0:f32[2,2], %1:f32[2,2]) -> %3:f32[]", "f32"},
      {"aten::zeros() -> %3:f32[2,2]", "f32"},
      {"aten::fft_rfft(%0:f32[2,2]) -> %3:c64[2,2]", "c64"},
  };
  for (const Case& row : cases) {
    CAPTURE(row.op);
    const Trace trace = parse_trace(kRecords + "call \"\" () -> () {\n" + product + "  " + row.op + "\n}\n");
    const Trace under = autocast(trace, DType::bf16, Processor::cpu);
    CHECK(name(at(under.values, under.ops.back().out.front()).dtype) == row.result);
  }
}

TEST_CASE("a mask that is drawn at random has the type of what it is for") {
  const Trace trace = parse_trace(kRecords + R"(call "" (%0:f32[2,2]) -> (%3:f32[2,2]) {
  aten::mm(%0:f32[2,2], %0:f32[2,2]) -> %1:f32[2,2]
  aten::empty() -> %2:f32[2,1]
  aten::bernoulli_(%2:f32[2,1]) -> %2:f32[2,1]
  aten::mul(%1:f32[2,2], %2:f32[2,1]) -> %3:f32[2,2]
  aten::rand() -> %4:f32[2,1]
  aten::mul(%0:f32[2,2], %4:f32[2,1]) -> %5:f32[2,2]
}
)");
  const Trace under = autocast(trace, DType::bf16, Processor::cpu);
  CHECK(under.values[2].dtype == DType::bf16);
  CHECK(under.values[3].dtype == DType::bf16);
  CHECK(under.values[4].dtype == DType::f32);
}

TEST_CASE("what is written in place keeps its type") {
  const Trace trace = parse_trace(kRecords + R"(call "" (%0:f32[2,2]) -> () {
  aten::mm(%0:f32[2,2], %0:f32[2,2]) -> %1:f32[2,2]
  aten::add_(%0:f32[2,2], %1:f32[2,2]) -> %0:f32[2,2]
  aten::relu_(%1:f32[2,2]) -> %1:f32[2,2]
}
)");
  CHECK(body(autocast(trace, DType::bf16, Processor::cpu)) == R"(call "" (%0:f32[2,2]) -> () {
  aten::to(%0:f32[2,2]) -> %2:bf16[2,2]
  aten::to(%0:f32[2,2]) -> %3:bf16[2,2]
  aten::mm(%2:bf16[2,2], %3:bf16[2,2]) -> %1:bf16[2,2]
  aten::add_(%0:f32[2,2], %1:bf16[2,2]) -> %0:f32[2,2]
  aten::relu_(%1:bf16[2,2]) -> %1:bf16[2,2]
}
)");
}

TEST_CASE("a copy of what fills its memory has its strides") {
  const Trace trace = parse_trace(kRecords + R"(call "" (%0:f32[2,3], %1:f32[3,2]) -> () {
  aten::mm(%0:f32[2,3], %1:f32[3,2]) -> %2:f32[2,2]
}
storage 24 (%0:f32[2,3]@[1,2])
storage 48 (%1:f32[3,2]@[4,1])
storage 16 born=0 (%2:f32[2,2])
)");
  const MemoryRecord memory = autocast(trace, DType::bf16, Processor::cpu).memory;
  CHECK(memory.places[3].strides == Dims{1, 2});
  CHECK(memory.places[4].strides == Dims{});
  CHECK(memory.storages[4].bytes == 3 * 2 * 2);
}

TEST_CASE("a model in another type") {
  const Trace trace = parse_trace(kTwice);
  const Trace half = in_precision(trace, find_precision("bf16"), Processor::cuda);
  CHECK(half.values[0].dtype == DType::bf16);
  CHECK(half.memory.storages[0].bytes == 32);
  CHECK(half.ops.size() == trace.ops.size());
  CHECK(to_text(in_precision(half, find_precision("fp32"), Processor::cuda)) == to_text(trace));
  CHECK(to_text(in_precision(trace, find_precision("as-is"), Processor::cuda)) == to_text(trace));
  CHECK(to_text(in_precision(trace, find_precision("bf16-masters"), Processor::cpu)) == to_text(half));
  CHECK_THROWS_WITH_AS(find_precision("amp-bf17"), doctest::Contains("did you mean 'amp-bf16'?"), Error);
}

}  // namespace
}  // namespace thoplw
