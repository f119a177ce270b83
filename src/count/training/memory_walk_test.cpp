// Tests of the walk over memory: models of a few operators, whose bytes can be added up by hand.
#include "count/training/memory_walk.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "trace/text.h"

namespace thoplw {
namespace {

constexpr const char* kHead = "thoplw trace 1\nmodel \"M\"\nsource \"\"\nclass M\nmodule \"\" M\n";

/// A matrix of 64 bytes that is multiplied with a result, both of 32 bytes, which is used twice; the loss has 4 bytes.
constexpr const char* kResidual = R"(param "w" %1:f32[4,4] trainable
call "" (%0:f32[2,4]) -> (%6:f32[]) {
  aten::mm(%0:f32[2,4], %1:f32[4,4]) -> %2:f32[2,4]
  aten::relu(%2:f32[2,4]) -> %3:f32[2,4]
  aten::add(%3:f32[2,4], %2:f32[2,4]) -> %4:f32[2,4]
  aten::sigmoid(%4:f32[2,4]) -> %5:f32[2,4]
  aten::sum(%5:f32[2,4]) -> %6:f32[]
}
storage 32 (%0:f32[2,4])
storage 64 (%1:f32[4,4])
storage 32 born=0 died=3 (%2:f32[2,4])
storage 32 born=1 died=3 (%3:f32[2,4])
storage 32 born=2 died=4 (%4:f32[2,4])
storage 32 born=3 died=5 (%5:f32[2,4])
storage 4 born=4 (%6:f32[])
)";

/// The same matrix in two layers.
constexpr const char* kTied = R"(param "w" %1:f32[4,4] trainable
call "" (%0:f32[2,4]) -> (%4:f32[]) {
  aten::linear(%0:f32[2,4], %1:f32[4,4], none) -> %2:f32[2,4]
  aten::linear(%2:f32[2,4], %1:f32[4,4], none) -> %3:f32[2,4]
  aten::sum(%3:f32[2,4]) -> %4:f32[]
}
storage 32 (%0:f32[2,4])
storage 64 (%1:f32[4,4])
storage 32 born=0 died=2 (%2:f32[2,4])
storage 32 born=1 died=3 (%3:f32[2,4])
storage 4 born=2 (%4:f32[])
)";

/// Bytes that are alive at most while each operator runs, then while the backward of each does.
std::vector<std::uint64_t> bytes_of(const char* model, const WalkOptions& options) {
  const Trace trace = parse_trace(std::string(kHead) + model);
  const Autograd autograd = autograd_of(trace, {});
  std::vector<std::uint64_t> bytes;
  for (const Breath& breath : memory_walk(trace, autograd, kept_of(trace, autograd, {}), {}, options)) {
    bytes.push_back((breath.gradients + breath.activations).value());
  }
  return bytes;
}

using Bytes = std::vector<std::uint64_t>;

}  // namespace

TEST_CASE("walk: relu and sigmoid keep their results, and a second gradient is added to the first") {
  CHECK(bytes_of(kResidual, {}) == Bytes{
                                       32,                    // y
                                       32 + 32,               // y, relu
                                       32 + 32 + 32,          // y, relu, their sum
                                       32 + 32 + 32,          // relu (kept), sum, sigmoid
                                       32 + 32 + 4,           // relu, sigmoid (kept), loss
                                       32 + 32 + 4 + 4,       // the loss has a gradient: it stays to the end
                                       32 + 32 + 4 + 4,       // repeated by a view
                                       32 + 32 + 4 + 4 + 32,  // the sum has one
                                       32 + 4 + 4 + 32,       // sigmoid is gone; relu and y share that gradient
                                       32 + 4 + 4 + 32 + 32,  // y has another, by relu
                                       4 + 4 + 32 + 64,       // y has one, to which that was added; w has one
                                   });
}

TEST_CASE("walk: what arrives through a turned matrix is not added to in place") {
  CHECK(bytes_of(kTied, {}) == Bytes{
                                   32,                    // h
                                   32 + 32,               // h, y
                                   32 + 32 + 4,           // h (kept), y, loss
                                   32 + 4 + 4,            // y is gone; loss and its gradient
                                   32 + 4 + 4,            // repeated by a view
                                   32 + 4 + 4 + 32 + 64,  // gradients of h and w
                                   4 + 4 + 64 + 64 + 64,  // two gradients of w, and their sum
                               });
}

TEST_CASE("walk: gradients that are there already have memory of their own, and are added to in place") {
  CHECK(bytes_of(kTied, {.gradients_exist = true}) == Bytes{
                                                          64 + 32,
                                                          64 + 32 + 32,
                                                          64 + 32 + 32 + 4,
                                                          64 + 32 + 4 + 4,
                                                          64 + 32 + 4 + 4,
                                                          64 + 32 + 4 + 4 + 32 + 64,
                                                          64 + 4 + 4 + 64 + 64 + 64,
                                                      });
}

}  // namespace thoplw
