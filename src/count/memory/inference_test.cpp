// Tests of the memory of a forward: models of a few operators, whose bytes can be added up by hand.
#include "count/memory/inference.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "trace/text.h"

namespace thoplw {
namespace {

/// A matrix of 64 bytes that is multiplied with an input of 32, as each result has; the first lives until its sum.
constexpr const char* kResidual = R"(param "w" %1:f32[4,4] trainable
buffer "steps" %7:i64[]
call "" (%0:f32[2,4]) -> (%5:f32[2,4]) {
  aten::mm(%0:f32[2,4], %1:f32[4,4]) -> %2:f32[2,4]
  aten::relu(%2:f32[2,4]) -> %3:f32[2,4]
  aten::add(%3:f32[2,4], %2:f32[2,4]) -> %4:f32[2,4]
  aten::sigmoid(%4:f32[2,4]) -> %5:f32[2,4]
}
)";
constexpr const char* kObserved = R"(storage 32 (%0:f32[2,4])
storage 64 (%1:f32[4,4])
storage 32 born=0 died=4 (%2:f32[2,4])
storage 32 born=1 (%3:f32[2,4])
storage 32 born=2 died=4 (%4:f32[2,4])
storage 32 born=3 (%5:f32[2,4])
storage 8 (%7:i64[])
)";

Report counted(const std::string& model, const InferenceOptions& options = {}) {
  const Trace trace = parse_trace("thoplw trace 1\nmodel \"M\"\nsource \"\"\nclass M\nmodule \"\" M\n" + model);
  return count_inference(trace, find_convention("exact"), options);
}

std::vector<std::uint64_t> moments(const Report& report) {
  std::vector<std::uint64_t> bytes;
  for (const Moment& moment : report.memory()->timeline) bytes.push_back(moment.activations.value());
  return bytes;
}

using Bytes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("forward: observed lifetimes, outputs, and what stays") {
  const Report report = counted(std::string(kResidual) + kObserved);
  CHECK(moments(report) == Bytes{32, 32 + 32, 32 + 32 + 32, 32 + 32 + 32 + 32});
  const Inference& inference = *report.inference;
  CHECK(inference.lifetimes == LifetimePolicy::observed);
  CHECK(inference.weights == 64);
  CHECK(inference.buffers == 8);
  CHECK(inference.inputs == 32);
  CHECK(inference.activations_peak == 4 * 32);
  CHECK(inference.peak == 64 + 8 + 32 + 4 * 32);
  CHECK(inference.outputs == 32);
  CHECK(inference.retained == 32);  // of relu: it is there after the pass, and not given
  REQUIRE(inference.outlive.size() == 1);
  CHECK(inference.outlive[0].op == "aten::relu");
  CHECK(report.total[Measure::activations] == 4 * 32);
  CHECK(report.total[Measure::alive] == inference.activations_peak);
  CHECK(report.total[Measure::retained] == inference.retained);
}

TEST_CASE("forward: what is alive at the peak adds up to it") {
  const Report report = counted(std::string(kResidual) + kObserved);
  Count sum;
  for (const Alive& alive : report.inference->at_peak) sum += alive.bytes;
  CHECK(sum == report.inference->peak);
}

TEST_CASE("forward: by last use, whatever was observed") {
  const Report report = counted(std::string(kResidual) + kObserved, {.lifetimes = LifetimePolicy::last_use});
  CHECK(moments(report) == Bytes{
                               32,            // y
                               32 + 32,       // y, relu
                               32 + 32 + 32,  // y, relu, their sum
                               32 + 32 + 32,  // relu, which was seen to stay; sum, sigmoid
                           });
}

TEST_CASE("forward: without observation, each value is free after its last use") {
  const Report report = counted(kResidual);
  CHECK(report.inference->lifetimes == LifetimePolicy::last_use);
  CHECK(moments(report) == Bytes{32, 32 + 32, 32 + 32 + 32, 32 + 32});
  CHECK(report.inference->peak == 64 + 8 + 32 + 96);
  CHECK(report.inference->outputs == 32);
  CHECK(report.inference->retained == 0);
  CHECK(report.inference->exact);
}

TEST_CASE("forward: views take no memory, and keep what they are views of") {
  const Report report = counted(R"(call "" (%0:f32[2,4]) -> (%4:f32[4,2]) {
  aten::exp(%0:f32[2,4]) -> %1:f32[2,4]
  aten::t(%1:f32[2,4]) -> %2:f32[4,2]
  aten::sin(%0:f32[2,4]) -> %3:f32[2,4]
  aten::cos(%2:f32[4,2]) -> %4:f32[4,2]
}
)");
  CHECK(moments(report) == Bytes{32, 32, 32 + 32, 32 + 32});
}

TEST_CASE("forward: temporaries of composite operators are alive at the peak") {
  // A pool makes indices of 8 bytes for each of its 4 results, of 4 bytes each, and frees them.
  const Report report = counted(R"(call "" (%0:f32[1,1,4,4]) -> (%2:f32[1,1,2,2]) {
  aten::relu(%0:f32[1,1,4,4]) -> %1:f32[1,1,4,4]
  aten::max_pool2d(%1:f32[1,1,4,4]) -> %2:f32[1,1,2,2]
}
)");
  CHECK(moments(report) == Bytes{64, 64 + 16 + 4 * 8});
  CHECK(report.total[Measure::alive] == 64 + 16 + 4 * 8);
}

TEST_CASE("forward: each piece is rounded up") {
  const Report report = counted(std::string(kResidual) + kObserved, {.round = 48});
  CHECK(moments(report) == Bytes{48, 2 * 48, 3 * 48, 4 * 48});
  CHECK(report.inference->weights == 96);
}

TEST_CASE("forward: an operator of which nothing is known makes the peak a lower bound") {
  const Report report = counted(R"(call "" (%0:f32[2,4]) -> (%1:f32[2,4]) {
  mine::kernel(%0:f32[2,4]) -> %1:f32[2,4]
}
)");
  CHECK_FALSE(report.inference->exact);
  CHECK(report.inference->unknown == std::vector<std::string>{"mine::kernel"});
  CHECK_FALSE(report.amount(Measure::alive).exact);
}

TEST_CASE("forward: weights by type, packed ones as they are stored") {
  const Report report = counted(R"(param "a" %0:f4[3] frozen
param "b" %1:bf16[4] frozen
param "c" %2:bf16[2] frozen
call "" () -> () {
}
)");
  // 3 of half a byte; 4 + 2 of two bytes
  CHECK(report.inference->weights_by_type == std::vector<BytesOfType>{{DType::bf16, 6 * 2}, {DType::f4, 2}});
  CHECK(report.memory() == nullptr);
  CHECK_FALSE(report.has(Measure::activations));
}

TEST_CASE("forward: what was not observed is not said to be") {
  CHECK_THROWS_WITH_AS(counted(kResidual, {.lifetimes = LifetimePolicy::observed}),
                       doctest::Contains("was not observed"), Error);
}

}  // namespace thoplw
