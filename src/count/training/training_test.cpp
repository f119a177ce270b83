// Tests of what a step of training computes, worked out by hand on networks of a few lines.
#include "count/training/training.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/formatted.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// A network that takes %x and gives %y; parameters are %w.., operators are one a line.
struct Net {
  std::string params, ops, regions = "";
  std::string outputs = "(%9:f32[2,3])";
};

Trace trace_of(const Net& net) {
  return parse_trace("thoplw trace 1\nmode train\nclass app.Net\nmodule \"\" app.Net\n" + net.params +
                     "call \"\" (%0:f32[2,4]) -> " + net.outputs + " {\n" + net.ops + "}\n" + net.regions);
}

struct Parts {
  Count forward, of_inputs, of_weights, recompute;

  bool operator==(const Parts&) const = default;
};

doctest::String toString(const Parts& parts) {
  return formatted("forward {} of inputs {} of weights {} recompute {}", parts.forward.value(), parts.of_inputs.value(),
                   parts.of_weights.value(), parts.recompute.value())
      .c_str();
}

Report step_of(const Net& net, const TrainingOptions& options = {}, std::string_view convention = "exact") {
  return count_training(trace_of(net), find_convention(convention), options);
}

TrainingOptions reading(std::vector<std::size_t> outputs) {
  TrainingOptions options;
  options.outputs = std::move(outputs);
  return options;
}

Parts parts_of(const Report& report) {
  const auto& total = report.total;
  const Parts parts{total[Measure::forward], total[Measure::input_gradient], total[Measure::weight_gradient],
                    total[Measure::recompute]};
  CHECK(total[Measure::macs] == parts.forward + parts.of_inputs + parts.of_weights + parts.recompute);
  CHECK(total[Measure::backward] == parts.of_inputs + parts.of_weights);
  return parts;
}

// Three layers: 2 rows times 4*5, 5*6 and 6*3 weights are 40, 60 and 36 multiply-adds.
std::string params(std::string_view first, std::string_view second, std::string_view third) {
  return formatted(
      "param \"a\" %1:f32[5,4] {}\n"
      "param \"b\" %2:f32[6,5] {}\n"
      "param \"c\" %3:f32[3,6] {}\n",
      first, second, third);
}

const std::string kOps = R"(
  aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]
  aten::relu(%5:f32[2,5]) -> %6:f32[2,5]
  aten::linear(%6:f32[2,5], %2:f32[6,5]) -> %7:f32[2,6]
  aten::linear(%7:f32[2,6], %3:f32[3,6]) -> %9:f32[2,3]
)";

TEST_CASE("a layer costs once more for each gradient that its step needs: of its input, of its weight") {
  struct Case {
    std::string_view what, a, b, c;
    Parts parts;
  };
  const Case cases[] = {
      {"all are trained; the input needs no gradient",
       "trainable",
       "trainable",
       "trainable",
       {40 + 60 + 36, 60 + 36, 40 + 60 + 36, 0}},
      {"the first is frozen", "frozen", "trainable", "trainable", {40 + 60 + 36, 36, 60 + 36, 0}},
      {"the middle is frozen", "trainable", "frozen", "trainable", {40 + 60 + 36, 60 + 36, 40 + 36, 0}},
      {"the last is frozen", "trainable", "trainable", "frozen", {40 + 60 + 36, 60 + 36, 40 + 60, 0}},
      {"the last alone is trained", "frozen", "frozen", "trainable", {40 + 60 + 36, 0, 36, 0}},
      {"the first alone is trained", "trainable", "frozen", "frozen", {40 + 60 + 36, 60 + 36, 40, 0}},
      {"nothing is trained", "frozen", "frozen", "frozen", {40 + 60 + 36, 0, 0, 0}},
  };
  for (const Case& row : cases) {
    CAPTURE(row.what);
    CHECK(parts_of(step_of({params(row.a, row.b, row.c), kOps})) == row.parts);
  }
}

TEST_CASE("a model of which nothing is trained has no backward, and says so") {
  const Report report = step_of({params("frozen", "frozen", "frozen"), kOps});
  REQUIRE(report.notes.size() >= 1);
  CHECK(std::ranges::any_of(report.notes, [](const std::string& n) { return n.ends_with("there is no backward"); }));
}

TEST_CASE("an adapter of rank 1 beside a frozen layer: its own gradients, and none of what is before it") {
  // 2*4*3 of the frozen layer, 2*4*1 down, 2*1*3 up
  const Net net = {
      "param \"w\" %1:f32[3,4] frozen\nparam \"A\" %2:f32[1,4] trainable\nparam \"B\" %3:f32[3,1] trainable\n",
      R"(
  aten::linear(%0:f32[2,4], %1:f32[3,4]) -> %5:f32[2,3]
  aten::linear(%0:f32[2,4], %2:f32[1,4]) -> %6:f32[2,1]
  aten::linear(%6:f32[2,1], %3:f32[3,1]) -> %7:f32[2,3]
  aten::add(%5:f32[2,3], %7:f32[2,3]) -> %9:f32[2,3]
)"};
  CHECK(parts_of(step_of(net)) == Parts{24 + 8 + 6, 6, 8 + 6, 0});
}

TEST_CASE("a weight that two layers share has a gradient from each") {
  const Net net = {"param \"w\" %1:f32[4,4] trainable\nparam \"out\" %2:f32[3,4] frozen\n", R"(
  aten::linear(%0:f32[2,4], %1:f32[4,4]) -> %5:f32[2,4]
  aten::linear(%5:f32[2,4], %1:f32[4,4]) -> %6:f32[2,4]
  aten::linear(%6:f32[2,4], %2:f32[3,4]) -> %9:f32[2,3]
)"};
  CHECK(parts_of(step_of(net)) == Parts{2 * 32 + 24, 32 + 24, 2 * 32, 0});
}

TEST_CASE("gradients stop at detach, at what ran without recording, at branches that nothing uses") {
  const std::string trained = params("trainable", "trainable", "trainable");
  const auto between = [&](std::string_view op) {
    return Net{trained, formatted("aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]\n"
                                  "{}\n"
                                  "aten::linear(%6:f32[2,5], %2:f32[6,5]) -> %7:f32[2,6]\n"
                                  "aten::linear(%7:f32[2,6], %3:f32[3,6]) -> %9:f32[2,3]\n",
                                  op)};
  };
  const Parts stopped = {40 + 60 + 36, 36, 60 + 36, 0};
  CHECK(parts_of(step_of(between("aten::detach(%5:f32[2,5]) -> %6:f32[2,5]"))) == stopped);
  CHECK(parts_of(step_of(between("aten::relu(%5:f32[2,5]) -> %6:f32[2,5] no_grad"))) == stopped);
  CHECK(parts_of(step_of(between("aten::zeros_like(%5:f32[2,5]) -> %6:f32[2,5]"))) == stopped);
  CHECK(parts_of(step_of(between("aten::relu(%5:f32[2,5]) -> %6:f32[2,5]"))) == Parts{136, 60 + 36, 136, 0});
}

TEST_CASE("a teacher without gradients costs its forward") {
  const Net net = {"param \"w\" %1:f32[3,4] trainable\n", R"(
  aten::linear(%0:f32[2,4], %1:f32[3,4]) -> %5:f32[2,3] no_grad
  aten::linear(%0:f32[2,4], %1:f32[3,4]) -> %6:f32[2,3]
  aten::sub(%6:f32[2,3], %5:f32[2,3]) -> %9:f32[2,3]
)"};
  CHECK(parts_of(step_of(net)) == Parts{2 * 24, 0, 24, 0});
}

TEST_CASE("a checkpoint runs again: all of it, or to the last operator that keeps something") {
  const std::string trained = params("trainable", "trainable", "trainable");
  const auto with = [&](std::string_view region) {
    return parts_of(step_of({trained, kOps, std::string(region) + "\n"})).recompute;
  };
  // relu keeps its result, so it runs again, and the first layer before it
  CHECK(with("region checkpoint \"\" 0 2 (%0:f32[2,4]) -> (%6:f32[2,5]) keeps (%0:f32[2,4])") == 40);
  // the second layer keeps its input alone, which is there when it is about to run
  CHECK(with("region checkpoint \"\" 0 3 (%0:f32[2,4]) -> (%7:f32[2,6]) keeps (%0:f32[2,4])") == 40);
  CHECK(with("region checkpoint \"\" 2 4 (%6:f32[2,5]) -> (%9:f32[2,3]) keeps (%6:f32[2,5])") == 60);
  CHECK(with("region reentrant \"\" 1 3 (%5:f32[2,5]) -> (%7:f32[2,6]) keeps (%5:f32[2,5])") == 60);
  CHECK(with("region reentrant \"\" 2 4 (%6:f32[2,5]) -> (%9:f32[2,3]) keeps (%6:f32[2,5])") == 60 + 36);
}

TEST_CASE(
    "to autograd a reentrant checkpoint is a function of its inputs: without their gradients nothing is trained") {
  const Net net = {params("trainable", "trainable", "trainable"), kOps,
                   "region reentrant \"\" 0 3 (%0:f32[2,4]) -> (%7:f32[2,6]) keeps (%0:f32[2,4])\n"};
  const Report report = step_of(net);
  CHECK(parts_of(report) == Parts{40 + 60 + 36, 0, 36, 0});
  REQUIRE(report.notes.size() >= 1);
  CHECK(report.notes.back().starts_with("reentrant checkpoints that get no input with a gradient"));
}

TEST_CASE("a checkpoint whose backward does not run does not run again") {
  const std::string frozen_first = params("frozen", "trainable", "trainable");
  const Net net = {frozen_first, kOps,
                   "region checkpoint \"\" 0 2 (%0:f32[2,4]) -> (%6:f32[2,5]) keeps (%0:f32[2,4])\n"};
  CHECK(parts_of(step_of(net)).recompute == 0);
}

TEST_CASE("the backward of a function is code of its author, so the step is a lower bound that names it") {
  const Net net = {params("trainable", "trainable", "trainable"), R"(
  aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]
  aten::linear(%5:f32[2,5], %2:f32[6,5]) -> %7:f32[2,6] no_grad
  aten::linear(%7:f32[2,6], %3:f32[3,6]) -> %9:f32[2,3]
)",
                   "region function \"app.Own\" 1 2 (%5:f32[2,5], %2:f32[6,5]) -> (%7:f32[2,6]) keeps ()\n"};
  const Report report = step_of(net);
  // gradients pass through it to the first layer
  CHECK(parts_of(report) == Parts{40 + 60 + 36, 36, 40 + 36, 0});
  CHECK_FALSE(report.exact);
  REQUIRE(report.uncounted.size() == 1);
  CHECK(report.uncounted[0].op == "backward of app.Own");
}

TEST_CASE("each product of an einsum has its gradients") {
  // ij,jk: 2*4*5, then ik,kl: 2*5*3
  const Net net = {"param \"b\" %1:f32[4,5] trainable\nparam \"c\" %2:f32[5,3] trainable\n",
                   "aten::einsum(%0:f32[2,4], %1:f32[4,5], %2:f32[5,3]) -> %9:f32[2,3] {equation=\"ij,jk,kl->il\"}\n"};
  CHECK(parts_of(step_of(net)) == Parts{40 + 30, 30, 40 + 30, 0});
}

// One head of 2 positions and 3 features, asks 5 keys, whose values have 7 features: q k' is 2*3*5, the result 2*5*7.
TEST_CASE("attention has four products in backward, and one more where the kernel keeps no scores") {
  const auto net = [](std::string_view q, std::string_view k, std::string_view v) {
    return Net{formatted("param \"q\" %1:f32[1,1,2,3] {}\n"
                         "param \"k\" %2:f32[1,1,5,3] {}\n"
                         "param \"v\" %3:f32[1,1,5,7] {}\n",
                         q, k, v),
               "aten::scaled_dot_product_attention(%1:f32[1,1,2,3], %2:f32[1,1,5,3], %3:f32[1,1,5,7]) -> "
               "%9:f32[1,1,2,7]\n",
               "", "(%9:f32[1,1,2,7])"};
  };
  const auto backward = [](const Net& asked, AttentionKernel kernel) {
    TrainingOptions options;
    options.flavour.attention = kernel;
    return step_of(asked, options).total[Measure::backward];
  };
  constexpr auto kMath = AttentionKernel::math;
  CHECK(backward(net("trainable", "trainable", "trainable"), kMath) == 2 * 30 + 2 * 70);
  CHECK(backward(net("trainable", "frozen", "frozen"), kMath) == 30 + 70);  // of q through the softmax
  CHECK(backward(net("frozen", "trainable", "frozen"), kMath) == 30 + 70);
  CHECK(backward(net("frozen", "frozen", "trainable"), kMath) == 70);
  for (const auto kernel : {AttentionKernel::flash, AttentionKernel::efficient, AttentionKernel::cudnn}) {
    CHECK(backward(net("trainable", "trainable", "trainable"), kernel) == 3 * 30 + 2 * 70);
    CHECK(backward(net("frozen", "frozen", "trainable"), kernel) == 3 * 30 + 2 * 70);  // it computes all of them
    CHECK(backward(net("frozen", "frozen", "frozen"), kernel) == 0);
  }
}

TEST_CASE("what is written in place needs a gradient from then on") {
  // The frozen layer's result, 2*4*5, gets a trained vector added; the layer after it passes the gradient, 2*5*3.
  const auto net = [](std::string_view add) {
    return Net{"param \"a\" %1:f32[5,4] frozen\nparam \"v\" %2:f32[5] trainable\nparam \"c\" %3:f32[3,5] frozen\n",
               formatted("aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]\n"
                         "{}\n"
                         "aten::linear(%5:f32[2,5], %3:f32[3,5]) -> %9:f32[2,3]\n",
                         add)};
  };
  CHECK(parts_of(step_of(net("aten::add_(%5:f32[2,5], %2:f32[5]) -> %5:f32[2,5]"))) == Parts{40 + 30, 30, 0, 0});
  CHECK(parts_of(step_of(net("aten::add_(%5:f32[2,5], %2:f32[5]) -> %5:f32[2,5] no_grad"))) == Parts{40 + 30, 0, 0, 0});
}

TEST_CASE("the loss reads the first output with a gradient, those that are named, or all") {
  // A trunk, 2*4*5; heads of 2*5*3 and 2*5*6.
  const Net net = {
      "param \"a\" %1:f32[5,4] trainable\nparam \"b\" %2:f32[3,5] trainable\nparam \"c\" %3:f32[6,5] trainable\n",
      R"(
  aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]
  aten::linear(%5:f32[2,5], %2:f32[3,5]) -> %6:f32[2,3]
  aten::linear(%5:f32[2,5], %3:f32[6,5]) -> %7:f32[2,6]
)",
      "", "(%0:f32[2,4], %6:f32[2,3], %7:f32[2,6])"};
  constexpr Count kForward = 40 + 30 + 60;
  TrainingOptions all;
  all.all_outputs = true;
  CHECK(parts_of(step_of(net)) == Parts{kForward, 30, 40 + 30, 0});
  CHECK(parts_of(step_of(net, reading({1}))) == Parts{kForward, 30, 40 + 30, 0});
  CHECK(parts_of(step_of(net, reading({2}))) == Parts{kForward, 60, 40 + 60, 0});
  CHECK(parts_of(step_of(net, reading({1, 2}))) == Parts{kForward, 30 + 60, 40 + 30 + 60, 0});
  CHECK(parts_of(step_of(net, all)) == Parts{kForward, 30 + 60, 40 + 30 + 60, 0});
  CHECK_THROWS_WITH_AS(step_of(net, reading({3})),
                       "the loss is to read output 3, but the model gives 3: they count from 0", Error);
  CHECK_THROWS_WITH_AS(step_of(net, reading({0})),
                       "the loss is to read output 0, which does not depend on anything that is trained", Error);
}

TEST_CASE("work by elements costs once more for each gradient") {
  const Net net = {"param \"a\" %1:f32[2,4] trainable\nparam \"b\" %2:f32[2,4] trainable\n", R"(
  aten::mul(%0:f32[2,4], %1:f32[2,4]) -> %5:f32[2,4]
  aten::mul(%5:f32[2,4], %2:f32[2,4]) -> %6:f32[2,4]
  aten::relu(%6:f32[2,4]) -> %9:f32[2,4]
)",
                   "", "(%9:f32[2,4])"};
  CHECK(parts_of(step_of(net)) == Parts{0, 0, 0, 0});
  // 8 elements each: of the first product the parameter alone has a gradient, of the second both
  CHECK(parts_of(step_of(net, {}, "flops")) == Parts{3 * 8, 8 + 8, 8 + 8, 0});
}

// Solvers of n x n matrices for k right-hand sides, n = 3, k = 5; a product with all of the result is n*n*k = 45.
TEST_CASE("backward of solvers") {
  struct Case {
    std::string_view call, first, second;
    Count backward;
  };
  const Count triangle = 5 * 3 * 2 / 2, both = 5 * 3 * 2;
  const std::string_view triangular =
      "aten::linalg_solve_triangular(%1:f32[3,3], %2:f32[3,5]) -> %9:f32[3,5] {unitriangular=false}";
  const Case cases[] = {
      {triangular, "trainable", "trainable", triangle + 45},
      {triangular, "frozen", "trainable", triangle},
      {triangular, "trainable", "frozen", triangle + 45},
      {"aten::linalg_solve(%1:f32[3,3], %2:f32[3,5]) -> %9:f32[3,5]", "trainable", "trainable", both + 45},
      {"aten::linalg_inv(%1:f32[3,3]) -> %9:f32[3,3]", "trainable", "frozen", 2 * 27},
      {"aten::linalg_det(%1:f32[3,3]) -> %9:f32[]", "trainable", "frozen", 3 * 3 * 2},
      {"aten::linalg_cholesky(%1:f32[3,3]) -> %9:f32[3,3]", "trainable", "frozen", 27 + 2 * (3 * 3 * 2 / 2)},
  };
  for (const Case& row : cases) {
    CAPTURE(row.call);
    const std::string_view call = row.call;
    const Net net = {
        formatted("param \"a\" %1:f32[3,3] {}\nparam \"b\" %2:f32[3,5] {}\n", row.first, row.second),
        std::string(call) + "\n", "",
        formatted("({})", call.substr(call.find("%9"), call.find(']', call.find("%9")) + 1 - call.find("%9")))};
    CHECK(step_of(net).total[Measure::backward] == row.backward);
  }
}

TEST_CASE("rows add up to the step") {
  const Trace trace = parse_trace(R"(thoplw trace 1
mode train
class app.Net
class torch.nn.Linear
module "" app.Net
module "a" torch.nn.Linear
module "b" torch.nn.Linear
param "a.weight" %1:f32[5,4] trainable
param "b.weight" %2:f32[5,5] trainable
call "" (%0:f32[2,4]) -> (%9:f32[2,5]) {
  call "a" (%0:f32[2,4]) -> (%5:f32[2,5]) {
    aten::linear(%0:f32[2,4], %1:f32[5,4]) -> %5:f32[2,5]
  }
  call "b" (%5:f32[2,5]) -> (%6:f32[2,5]) {
    aten::linear(%5:f32[2,5], %2:f32[5,5]) -> %6:f32[2,5]
  }
  call "b" (%6:f32[2,5]) -> (%9:f32[2,5]) {
    aten::linear(%6:f32[2,5], %2:f32[5,5]) -> %9:f32[2,5]
  }
}
region checkpoint "" 0 1 (%0:f32[2,4]) -> (%5:f32[2,5]) keeps (%0:f32[2,4])
region reentrant "" 2 3 (%6:f32[2,5]) -> (%9:f32[2,5]) keeps (%6:f32[2,5])
)");
  const Report report = count_training(trace, find_convention("exact"), {});
  const auto row = [&](std::string_view path) -> const Row& {
    return *std::ranges::find_if(report.rows, [&](const Row& r) { return r.path == path; });
  };
  CHECK(row("a").own[Measure::recompute] == 0);  // its only operator keeps its input alone
  CHECK(row("a").own[Measure::input_gradient] == 0);
  CHECK(row("b").own[Measure::forward] == 2 * 50);
  CHECK(row("b").own[Measure::input_gradient] == 2 * 50);
  CHECK(row("b").own[Measure::weight_gradient] == 2 * 50);
  CHECK(row("b").own[Measure::recompute] == 50);
  for (const Measure measure : {Measure::macs, Measure::forward, Measure::backward, Measure::input_gradient,
                                Measure::weight_gradient, Measure::recompute}) {
    Count sum = 0;
    for (const Row& each : report.rows) sum += each.own[measure];
    CHECK(sum == report.total[measure]);
  }
}

}  // namespace
}  // namespace thoplw
