// Tests of optimizers: states, and peaks of steps that are worked out by hand from torch/optim/*.py.
#include "count/training/optimizer.h"

#include <doctest/doctest.h>

#include <string>
#include <vector>

#include "base/error.h"

namespace thoplw {
namespace {

constexpr Implementation kForLoop = Implementation::for_loop;
constexpr Implementation kForeach = Implementation::foreach;
constexpr Implementation kFused = Implementation::fused;

Tensor f32(Dims shape) { return {.shape = std::move(shape)}; }
Tensor bf16(Dims shape) { return {.dtype = DType::bf16, .shape = std::move(shape)}; }

TEST_CASE("states of one parameter") {
  struct Case {
    std::string_view optimizer;
    Tensor param;
    Count bytes;
  };
  const Case cases[] = {
      {"sgd", f32({3, 5}), 0},
      {"momentum", f32({3, 5}), 15 * 4},
      {"adamw", f32({3, 5}), 2 * 15 * 4 + 4},
      {"adamw", bf16({3, 5}), 2 * 15 * 2 + 4},
      {"amsgrad", f32({3, 5}), 3 * 15 * 4 + 4},
      {"nadam", f32({3, 5}), 2 * 15 * 4 + 2 * 4},
      {"adafactor", f32({2, 3, 5}), (2 * 3 + 2 * 5) * 4 + 4},  // [2,3,1] and [2,1,5]
      {"adafactor", f32({5}), 5 * 4 + 4},
      {"adafactor", f32({}), 1 * 4 + 4},
  };
  for (const Case& row : cases) {
    CAPTURE(row.optimizer);
    CHECK(state_bytes(find_optimizer(row.optimizer), row.param) == row.bytes);
  }
}

TEST_CASE("on CUDA the number of steps is in the memory of the host, but for a fused step") {
  const OptimizerRow& adamw = find_optimizer("adamw");
  CHECK(state_bytes(adamw, f32({10}), {.processor = Processor::cuda}) == 2 * 40);
  CHECK(state_bytes(adamw, f32({10}), {.implementation = kFused, .processor = Processor::cuda}) == 2 * 40 + 4);
}

TEST_CASE("the peak of a step") {
  // 40, 400 and 20 bytes
  const std::vector<Tensor> params = {f32({10}), f32({10, 10}), f32({5})};
  constexpr Count kAll = 460;
  struct Case {
    std::string_view optimizer;
    Implementation implementation;
    bool weight_decay;
    StepPeak peak;
  };
  const Case cases[] = {
      {"sgd", kForLoop, false, {0, 0}},
      {"sgd", kForLoop, true, {400, 400}},  // the gradient with its decay
      {"sgd", kForeach, true, {kAll, kAll}},
      {"sgd", kFused, true, {0, 0}},
      {"adamw", kForLoop, false, {840, 840}},  // the root and the quotient of 400, and the quotient before them
      {"adamw", kForeach, true, {kAll, kAll}},
      {"adam", kForLoop, true, {400 + 840, 400 + 840}},
      {"adam", kForeach, true, {kAll, kAll}},    // gradients are gone before the roots are made
      {"rmsprop", kForLoop, false, {440, 440}},  // the root of 400, and the one before
      {"adagrad", kForeach, false, {2 * 460, 2 * 460}},
      {"adagrad", kForeach, true, {2 * 460, 2 * 460}},
      {"adadelta", kForLoop, false, {840, 840}},
      {"adamax", kForLoop, false, {400, 400}},
      // At the second parameter 440 of 460 bytes of states are made, and the sum of gradient and momentum.
      {"nesterov", kForLoop, false, {440 + 400 - 460, 400}},
      {"nesterov", kForeach, false, {0, 0}},
      {"nesterov", kFused, false, {0, 0}},
      // Of the first: its square and estimate. Of the matrix: sums by row and by column, the estimate, the mean of
      // rows.
      {"adafactor", kForLoop, false, {40 + 40 + 40 + 40 + 400 + 4, 40 + 40 + 40 + 40 + 400 + 4}},
      {"adafactor", kForeach, false, {60 + 400 + 4, 60 + 400 + 4}},
  };
  for (const Case& row : cases) {
    CAPTURE(row.optimizer);
    CAPTURE(name(row.implementation));
    CAPTURE(row.weight_decay);
    const OptimizerStep step = {.implementation = row.implementation, .weight_decay = row.weight_decay};
    const StepPeak peak = step_peak(find_optimizer(row.optimizer), step, params);
    CHECK(peak.first.value() == row.peak.first.value());
    CHECK(peak.later.value() == row.peak.later.value());
  }
}

TEST_CASE("foreach steps go by element type, and keep what they made for the type before") {
  const std::vector<Tensor> params = {f32({100}), bf16({100}), f32({100})};
  const OptimizerStep step = {.implementation = kForeach};
  CHECK(step_peak(find_optimizer("adamw"), step, params).later == 2 * 400 + 200);
}

TEST_CASE("torch's default is foreach on CUDA, and a loop on a CPU and for Adafactor") {
  CHECK(implementation_of(find_optimizer("adamw"), {.processor = Processor::cuda}) == kForeach);
  CHECK(implementation_of(find_optimizer("adamw"), {.processor = Processor::cpu}) == kForLoop);
  CHECK(implementation_of(find_optimizer("adafactor"), {.processor = Processor::cuda}) == kForLoop);
}

TEST_CASE("errors of optimizers name the cure") {
  CHECK_THROWS_WITH_AS(find_optimizer("adamv"), doctest::Contains("unknown optimizer 'adamv'; did you mean 'adam"),
                       Error);
  CHECK_THROWS_WITH_AS(implementation_of(find_optimizer("nadam"), {.implementation = kFused}),
                       "optimizer nadam: torch has no fused implementation of it; use foreach or for-loop", Error);
}

TEST_CASE("a model without trainable parameters steps for nothing") {
  for (const OptimizerRow& row : optimizers()) CHECK(step_peak(row, {}, {}) == StepPeak{0, 0});
}

}  // namespace
}  // namespace thoplw
