// Comparisons: the parts of every difference add up to it.
#include "count/compare.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <numeric>

#include "conventions/convention.h"
#include "count/count.h"
#include "count/explain.h"
#include "operators/rule.h"
#include "trace/text.h"

namespace thoplw {
namespace {

/// A batch of 2 of 8x8 images: 2*4*6*6 outputs of 3*3*3 products; a norm; a linear layer; a product of activations.
constexpr std::string_view kNet = R"(thoplw trace 1
model "Net"
source "test"
class app.Net
class torch.nn.Conv2d : torch.nn._ConvNd
class torch.nn.BatchNorm2d
class torch.nn.Linear
module "" app.Net
module "conv" torch.nn.Conv2d
module "norm" torch.nn.BatchNorm2d
module "fc" torch.nn.Linear
param "conv.weight" %0:f32[4,3,3,3] trainable
param "conv.bias" %1:f32[4] trainable
param "norm.weight" %2:f32[4] trainable
buffer "norm.running_mean" %3:f32[4]
param "fc.weight" %4:f32[5,4] trainable
call "" (%10:f32[2,3,8,8]) -> (%16:f32[2,5,5]) {
  call "conv" (%10:f32[2,3,8,8]) -> (%11:f32[2,4,6,6]) {
    aten::conv2d(%10:f32[2,3,8,8], %0:f32[4,3,3,3], %1:f32[4]) -> %11:f32[2,4,6,6]
  }
  call "norm" (%11:f32[2,4,6,6]) -> (%12:f32[2,4,6,6]) {
    aten::batch_norm(%11:f32[2,4,6,6], %2:f32[4], none, %3:f32[4], none) -> %12:f32[2,4,6,6]
  }
  aten::reshape(%12:f32[2,4,6,6]) -> %13:f32[2,36,4]
  call "fc" (%13:f32[2,36,4]) -> (%14:f32[2,36,5]) {
    aten::linear(%13:f32[2,36,4], %4:f32[5,4], none) -> %14:f32[2,36,5]
  }
  aten::transpose(%14:f32[2,36,5]) -> %15:f32[2,5,36]
  aten::bmm(%15:f32[2,5,36], %14:f32[2,36,5]) -> %16:f32[2,5,5]
}
)";
constexpr std::int64_t kConv = 2 * 4 * 6 * 6 * 3 * 3 * 3, kFc = 2 * 36 * 4 * 5, kProduct = 2 * 5 * 36 * 5;

std::int64_t part(const Comparison& comparison, std::string_view convention, std::string_view what) {
  for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
    if (comparison.reports[i].convention != convention) continue;
    for (const Part& part : comparison.parts[i]) {
      if (part.what == what) return part.amount;
    }
  }
  return 0;
}

TEST_CASE("the parts of a difference are what the conventions price otherwise") {
  const Comparison comparison = compare(parse_trace(kNet), conventions(), find_convention("exact"));
  CHECK(comparison.reports[comparison.base].total[Measure::macs] == Count(kConv + kFc + kProduct));
  CHECK(part(comparison, "torch", "x2") == kConv + kFc + kProduct);
  CHECK(part(comparison, "fvcore", "norm") == 2 * 288);  // a multiplication and an addition of 2*4*6*6 elements
  CHECK(part(comparison, "thop", "norm") == 4 * 288);
  CHECK(part(comparison, "thop", "attention") == -kProduct);
  CHECK(part(comparison, "thoplw", "bias") == 2 * 4);  // once per sample
  // ptflops has the modules' costs of one of the two samples: the convolution with its bias, two operations of a norm,
  // the linear layer.
  CHECK(part(comparison, "ptflops", "batch") == -(kConv + 288 + 2 * 288 + kFc) / 2);
}

TEST_CASE("the parts add up, whatever the base") {
  const Trace trace = parse_trace(kNet);
  for (const Convention* base : conventions()) {
    const Comparison comparison = compare(trace, conventions(), *base);
    const Report& from = comparison.reports[comparison.base];
    CHECK(from.convention == base->name);
    for (std::size_t i = 0; i < comparison.reports.size(); ++i) {
      const std::vector<Part>& parts = comparison.parts[i];
      const std::int64_t sum = std::accumulate(parts.begin(), parts.end(), std::int64_t{0},
                                               [](std::int64_t all, const Part& p) { return all + p.amount; });
      CHECK_MESSAGE(sum == difference(from.total[Measure::macs], comparison.reports[i].total[Measure::macs]),
                    comparison.reports[i].convention);
    }
  }
}

TEST_CASE("another tool's gaps are notes, and no unknown operator makes its total a bound") {
  const Report report = count(parse_trace(kNet), find_convention("thop"));
  CHECK(report.exact);
  CHECK(report.missed_macs == Count(kProduct));
  CHECK(report.notes.at(0) == "thop has no rule for 1800 multiply-adds, and leaves them out: aten::bmm (1x)");
}

TEST_CASE("a convention that cannot price a model is left out") {
  // A recurrent layer on a vector: ptflops reads a second size.
  const Trace trace = parse_trace(
      "thoplw trace 1\nclass app.Net\nclass torch.nn.LSTM\nmodule \"\" app.Net\nmodule \"a\" torch.nn.LSTM\n"
      "param \"a.weight_ih_l0\" %0:f32[8,4] trainable\nparam \"a.weight_hh_l0\" %3:f32[8,2] trainable\n"
      "call \"a\" (%1:f32[4]) -> (%2:f32[2]) {\n}\n");
  const Comparison comparison = compare(trace, conventions(), find_convention("exact"));
  CHECK(comparison.reports.size() < conventions().size());
  CHECK(std::ranges::find(
            comparison.notes,
            "ptflops is left out: a: LSTM: its tensors have fewer dimensions than the rules of ptflops read") !=
        comparison.notes.end());
  CHECK_THROWS_AS(compare(trace, conventions(), find_convention("ptflops")), Error);
}

TEST_CASE("a module in several places counts in each for thop") {
  const auto macs = [](std::string_view places) {
    return count(parse_trace("thoplw trace 1\nclass app.Net\nclass torch.nn.Linear\nmodule \"\" app.Net\nmodule \"a\" "
                             "torch.nn.Linear" +
                             std::string(places) +
                             "\nparam \"a.weight\" %0:f32[5,4] trainable\ncall \"a\" (%1:f32[1,4]) -> (%2:f32[1,5]) "
                             "{\naten::linear(%1:f32[1,4], %0:f32[5,4], none) -> %2:f32[1,5]\n}\n"),
                 find_convention("thop"));
  };
  CHECK(macs("").total[Measure::macs] == Count(20));
  CHECK(macs(" places=2").total[Measure::macs] == Count(20 * 2 * 2));  // hooked twice, and shown twice
  CHECK(macs(" places=2").total[Measure::params] == Count(20 * 2));
}

TEST_CASE("a quoted number stands for all that it may be rounded from") {
  const auto range = [](std::string_view text) {
    const Quoted quoted = parse_quoted(text);
    return std::pair(quoted.least, quoted.most);
  };
  CHECK(range("1824010216") == std::pair(1824010216.0, 1824010216.0));
  CHECK(range("4G") == std::pair(3.5e9, 4.5e9));
  CHECK(range("4.1 GFLOPs").first == doctest::Approx(4.05e9));
  CHECK(range("4g") == range("4G"));
  CHECK(range("25.6M").second == doctest::Approx(25.65e6));
  for (const char* wrong : {"", "G", "-1G", "4.1X", "4.1 Gigs", "nan", "inf", "0"}) {
    CHECK_THROWS_AS(parse_quoted(wrong), Error);
  }
}

TEST_CASE("readings that match come first, the nearest before the others") {
  const auto found = readings(parse_trace(kNet), parse_quoted("11.0K"), 2);
  REQUIRE(found.size() > 3);
  CHECK(found[0].convention == "exact");
  CHECK(found[0].matches);
  CHECK(found[0].value == static_cast<double>(kConv + kFc + kProduct));
  CHECK_FALSE(found.back().matches);
}

}  // namespace
TEST_CASE("conventions are sorted by name") { CHECK(std::ranges::is_sorted(conventions(), {}, &Convention::name)); }

TEST_CASE("operators that a convention prices by name have a rule, by which they are known") {
  for (const Convention* convention : conventions()) {
    for (const OpRule& rule : convention->op_rules) {
      CHECK_MESSAGE(find_rule(rule.name) != nullptr, convention->name, rule.name);
    }
  }
}

}  // namespace thoplw
