// Building Traces: order of modules, calls, what goes in and out, loops and branches.
#include "load/build/trace_builder.h"

#include <doctest/doctest.h>

#include "conventions/convention.h"
#include "count/count.h"
#include "trace/text.h"

namespace thoplw {
namespace {

constexpr Frame kRoot{"L__self__", "", "pkg.Net"};
const Tensor kRow{DType::f32, {2, 4}};
const Tensor kWeight{DType::f32, {4, 4}};

/// A linear layer of 4 x 4 on 2 rows: 32 multiply-adds.
Id add_linear(TraceBuilder& builder, std::vector<Frame> stack, Id x, Id weight) {
  const Id out = builder.add_value(kRow);
  builder.add_op(stack, {.name = "aten::linear", .in = {x, weight}, .out = {out}, .attrs = {}});
  return out;
}

std::vector<std::string> paths(const Trace& trace) {
  std::vector<std::string> paths;
  for (const Module& module : trace.modules) paths.push_back(module.path);
  return paths;
}

TEST_CASE("modules stand in model order: as listed, as parameters name them, and behind what ran before them") {
  TraceBuilder builder;
  const Id x = builder.add_value(kRow);
  const Id first = builder.add_value(kWeight), second = builder.add_value(kWeight);
  builder.add_param("first.weight", first, false, true);
  builder.add_param("body.second.weight", second, false, true);
  const Id y = add_linear(builder, {kRoot, {"f", "first", "torch.nn.modules.linear.Linear"}}, x, first);
  const Id z = builder.add_value(kRow);
  const Frame relu[] = {kRoot, {"r", "relu", "torch.nn.modules.activation.ReLU"}};
  builder.add_op(relu, {.name = "aten::relu", .in = {y}, .out = {z}, .attrs = {}});
  add_linear(builder, {kRoot, {"b", "body", ""}, {"s", "body.second", "torch.nn.modules.linear.Linear"}}, z, second);
  const Trace trace = std::move(builder).finish("Net", Origin::text, "test");
  CHECK(paths(trace) == std::vector<std::string>{"", "first", "relu", "body", "body.second"});
  CHECK(trace.classes[static_cast<std::size_t>(trace.modules[1].cls)].name == "torch.nn.Linear");
  CHECK(trace.classes[static_cast<std::size_t>(trace.modules[0].cls)].name == "pkg.Net");
  REQUIRE(trace.calls.size() == 5);
  CHECK(trace.calls[1].in == std::vector<Id>{x});  // its own weight is none of its inputs
  CHECK(trace.calls[1].out == std::vector<Id>{y});
  CHECK(trace.calls[3].in == std::vector<Id>{z});
  CHECK(to_text(parse_trace(to_text(trace))) == to_text(trace));
}

TEST_CASE("calls of one module are told apart by key, and their operators stand together") {
  TraceBuilder builder;
  const Id x = builder.add_value(kRow), weight = builder.add_value(kWeight);
  builder.add_param("fc.weight", weight, false, true);
  const Id y = add_linear(builder, {kRoot, {"fc", "fc", "torch.nn.modules.linear.Linear"}}, x, weight);
  add_linear(builder, {kRoot, {"fc@1", "fc", "torch.nn.modules.linear.Linear"}}, y, weight);
  add_linear(builder, {kRoot, {"fc", "fc", "torch.nn.modules.linear.Linear"}}, x, weight);
  const Trace trace = std::move(builder).finish("Net", Origin::text, "test");
  REQUIRE(trace.calls.size() == 3);
  CHECK(trace.calls[1].end_op == 2);
  CHECK(trace.calls[2].end_op == 3);
  const Report report = count(trace, find_convention("thoplw"));
  CHECK(report.total[Measure::macs] == 3 * 32);
  CHECK(report.rows[1].calls == 2);
  CHECK(report.total[Measure::params] == 16);
}

TEST_CASE("a loop is counted as often as it runs, in loops too") {
  TraceBuilder builder;
  const Id x = builder.add_value(kRow), weight = builder.add_value(kWeight);
  builder.add_param("fc.weight", weight, false, true);
  const Frame root[] = {kRoot};
  builder.begin_loop(root, 5);
  builder.begin_loop({}, 3);
  add_linear(builder, {kRoot, {"fc", "fc", "torch.nn.modules.linear.Linear"}}, x, weight);
  builder.end_loop();
  builder.end_loop();
  const Trace trace = std::move(builder).finish("Net", Origin::text, "test");
  for (const char* convention : {"exact", "thoplw"}) {
    const Report report = count(trace, find_convention(convention));
    CHECK(report.total[Measure::macs] == 5 * 3 * 32);
    CHECK(report.rows[0].calls == 1);
    CHECK(report.rows[1].calls == 15);
  }
  CHECK(to_text(parse_trace(to_text(trace))) == to_text(trace));
}

TEST_CASE("a loop that exceeds all counts is an error") {
  TraceBuilder builder;
  builder.begin_loop({}, INT64_MAX);
  CHECK_THROWS_AS(builder.begin_loop({}, INT64_MAX), Error);
}

TEST_CASE("branches are weighed, and dropped with the modules that only they ran") {
  TraceBuilder builder;
  const Id x = builder.add_value(kRow), weight = builder.add_value(kWeight);
  const std::size_t begin = builder.size();
  const Id y = add_linear(builder, {kRoot, {"a", "a", "pkg.A"}}, x, weight);
  const std::size_t middle = builder.size();
  add_linear(builder, {kRoot, {"b", "b", "pkg.B"}}, add_linear(builder, {kRoot, {"b", "b", "pkg.B"}}, x, weight),
             weight);
  CHECK(builder.cost(begin, middle).first == 32);
  CHECK(builder.cost(middle, builder.size()).first == 2 * 32);
  builder.drop(middle, builder.size());
  builder.add_output(y);
  const Trace trace = std::move(builder).finish("Net", Origin::text, "test");
  CHECK(paths(trace) == std::vector<std::string>{"", "a"});
  CHECK(trace.ops.size() == 1);
}

TEST_CASE("a class that does what its namesake in torch.nn does is taken for it, and the trace says so") {
  const auto base = [](std::string_view cls, bool own_weight, std::string_view op) {
    TraceBuilder builder;
    const Id x = builder.add_value(kRow), weight = builder.add_value({DType::f32, {4}}), y = builder.add_value(kRow);
    builder.add_param(own_weight ? "norm.weight" : "weight", weight, false, true);
    const Frame stack[] = {kRoot, {"n", "norm", cls}};
    builder.add_op(stack, {.name = std::string(op), .in = {x, weight}, .out = {y}, .attrs = {}});
    const Trace trace = std::move(builder).finish("Net", Origin::text, "test");
    const Class& found = trace.classes[static_cast<std::size_t>(trace.modules[1].cls)];
    CHECK(trace.notes.size() == found.bases.size());
    return found.bases.empty() ? "" : found.bases[0];
  };
  CHECK(base("pkg.LayerNorm2d", true, "aten::layer_norm") == "torch.nn.LayerNorm");
  CHECK(base("pkg.LayerNorm2d", false, "aten::layer_norm") == "");
  CHECK(base("pkg.Scale", true, "aten::layer_norm") == "");
  CHECK(base("pkg.LayerNorm2d", true, "aten::mul") == "");
  CHECK(base("torch.nn.modules.normalization.LayerNorm", true, "aten::layer_norm") == "");
}

TEST_CASE("paths of absurd depth are refused") {
  TraceBuilder builder;
  std::string path = "a";
  for (int i = 0; i < 1000; ++i) path += ".a";
  builder.add_module(path);
  CHECK_THROWS_AS(std::move(builder).finish("Net", Origin::text, "test"), Error);
}

}  // namespace
}  // namespace thoplw
