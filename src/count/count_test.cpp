// Tests of the report: which rows there are, what is in them, and that they add up.
#include <doctest/doctest.h>

#include <string>

#include "conventions/convention.h"
#include "count/count.h"
#include "trace/text.h"

namespace thoplw {
namespace {

// A trunk with a head. The head runs twice; the aside never; `proj` is not called but its weight is read; the last
// layer's weight is tied to the embedding's; the root adds a product of its own.
const std::string kNet = R"(thoplw trace 1
model "Net"
source "by hand"
note "a notice"
class app.Net
class app.Block
class torch.nn.Conv2d : torch.nn.modules.conv._ConvNd
class torch.nn.BatchNorm2d : torch.nn.modules.batchnorm._BatchNorm
class torch.nn.ReLU
class torch.nn.Linear
class torch.nn.Embedding
class torch.nn.Sequential
module "" app.Net
module "emb" torch.nn.Embedding
module "block" app.Block
module "block.conv" torch.nn.Conv2d
module "block.bn" torch.nn.BatchNorm2d
module "block.relu" torch.nn.ReLU
module "block.proj" torch.nn.Linear
module "aside" torch.nn.Sequential
module "aside.0" torch.nn.Linear
module "aside.1" torch.nn.ReLU
module "idle" torch.nn.ReLU
module "head" torch.nn.Linear
param "token" %1:f32[1,4] trainable
param "emb.weight" %2:f32[10,4] trainable
param "block.conv.weight" %3:f32[4,3,1,1] frozen
param "block.bn.weight" %4:f32[4] trainable
param "block.bn.bias" %5:f32[4] trainable
buffer "block.bn.running_mean" %6:f32[4]
buffer "block.bn.running_var" %7:f32[4]
buffer "block.bn.num_batches_tracked" %8:i64[]
param "block.proj.weight" %9:f32[2,4] trainable
param "block.proj.bias" %10:f32[2] trainable
param "aside.0.weight" %11:f32[5,5] trainable
param "head.weight" %2:f32[10,4] trainable
param "head.bias" %12:f32[10] trainable
call "" (%20:f32[1,3,2,2]) -> (%26:f32[1,10]) {
  call "emb" (%30:i64[1]) -> (%31:f32[1,4]) {
    aten::embedding(%2:f32[10,4], %30:i64[1]) -> %31:f32[1,4]
  }
  call "block" (%20:f32[1,3,2,2]) -> (%23:f32[1,4,2,2]) {
    call "block.conv" (%20:f32[1,3,2,2]) -> (%21:f32[1,4,2,2]) {
      aten::conv2d(%20:f32[1,3,2,2], %3:f32[4,3,1,1], none) -> %21:f32[1,4,2,2]
    }
    call "block.bn" (%21:f32[1,4,2,2]) -> (%22:f32[1,4,2,2]) {
      aten::batch_norm(%21:f32[1,4,2,2], %4:f32[4], %5:f32[4], %6:f32[4], %7:f32[4]) -> %22:f32[1,4,2,2]
    }
    call "block.relu" (%22:f32[1,4,2,2]) -> (%23:f32[1,4,2,2]) {
      aten::relu_(%22:f32[1,4,2,2]) -> %23:f32[1,4,2,2]
    }
    aten::add_(%23:f32[1,4,2,2], %22:f32[1,4,2,2]) -> %23:f32[1,4,2,2]
    aten::linear(%31:f32[1,4], %9:f32[2,4], %10:f32[2]) -> %32:f32[1,2]
  }
  aten::mm(%1:f32[1,4], %33:f32[4,4]) -> %24:f32[1,4]
  call "head" (%24:f32[1,4]) -> (%25:f32[1,10]) {
    aten::linear(%24:f32[1,4], %2:f32[10,4], %12:f32[10]) -> %25:f32[1,10]
  }
  call "head" (%24:f32[1,4]) -> (%26:f32[1,10]) {
    aten::linear(%24:f32[1,4], %2:f32[10,4], %12:f32[10]) -> %26:f32[1,10]
  }
}
)";

Report report_of(const std::string& text, const char* convention = "thoplw") {
  return count(parse_trace(text), find_convention(convention));
}

/// "path class macs params" of every listed row, one per line.
std::string listed(const Report& report) {
  std::string lines;
  for (const Row& row : report.rows) {
    if (!row.listed) continue;
    lines += row.path + " " + row.cls + " " + std::to_string(row.own[Measure::macs].value()) + " " +
             std::to_string(row.own[Measure::params].value()) + "\n";
  }
  return lines;
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
  const std::size_t at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

const Row& row_of(const Report& report, const std::string& path) {
  for (const Row& row : report.rows) {
    if (row.path == path) return row;
  }
  throw Error("no row " + path);
}

void check_sums(const Report& report) {
  Count macs, params, listed_macs, listed_params;
  for (const Row& row : report.rows) {
    macs += row.own[Measure::macs];
    params += row.own[Measure::params];
    if (!row.listed) continue;
    listed_macs += row.own[Measure::macs];
    listed_params += row.own[Measure::params];
  }
  CHECK((macs == report.total[Measure::macs] && params == report.total[Measure::params]));
  CHECK((listed_macs == report.total[Measure::macs] && listed_params == report.total[Measure::params]));
  CHECK((report.rows[0].inside[Measure::macs] == report.total[Measure::macs] &&
         report.rows[0].inside[Measure::params] == report.total[Measure::params]));
}

constexpr const char* kNetRows =
    " Net 16 4\n"                   // the product, 1*4*4; the token
    "emb Embedding 0 40\n"          // 10*4, here and not with the head that it is tied to
    "block Block 8 10\n"            // the projection that is read here, 1*4*2; 2*4+2
    "block.conv Conv2d 48 12\n"     // 4*3*2*2; 4*3
    "block.bn BatchNorm2d 64 16\n"  // 4*4*2*2; weight, bias, mean, variance of 4
    "block.relu ReLU 0 0\n"         // a leaf that ran
    "head Linear 100 10\n";         // 2 * 1*(4*10+10); its bias

}  // namespace

TEST_CASE("an operator without a rule counts as the formula says that the user gave torch for it") {
  const auto net = [](const std::string& attributes) {
    return parse_trace(R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
module "" app.Net
call "" (%1:f32[3,5]) -> (%2:f32[3,7]) {
  lib::thing(%1:f32[3,5]) -> %2:f32[3,7])" +
                       attributes + "\n}\n");
  };
  const Trace trace = net(" {flops=211}");
  const Report exact = count(trace, find_convention("exact"));
  CHECK(exact.exact);
  CHECK(exact.total[Measure::macs] == 105);  // 2 for each, and one operation that is none
  CHECK(count(trace, find_convention("flops")).total[Measure::macs] == 211);
  CHECK_FALSE(count(net(""), find_convention("exact")).exact);
}

TEST_CASE("leaves that ran have rows, and others for what they do themselves") {
  const Report report = report_of(kNet);
  CHECK(listed(report) == kNetRows);
  check_sums(report);
  CHECK((report.model == "Net" && report.convention == "thoplw" && report.exact && report.uncounted.empty()));
  CHECK(report.notes == std::vector<std::string>{"a notice"});
}

TEST_CASE("rows know their place, their tensors and what is inside of them") {
  const Report report = report_of(kNet);
  const Row& head = row_of(report, "head");
  CHECK((head.calls == 2 && head.depth == 1 && head.parent == 0));
  CHECK(head.in == Tensor{DType::f32, {1, 4}});
  CHECK(head.out == Tensor{DType::f32, {1, 10}});
  CHECK(head.work[Kind::contraction] == 2 * 4 * 10);
  CHECK(row_of(report, "block.conv").depth == 2);
  const Row& block = row_of(report, "block");
  CHECK((block.inside[Measure::macs] == 8 + 48 + 64 && block.inside[Measure::params] == 10 + 12 + 16));
  CHECK_FALSE(row_of(report, "idle").in.has_value());
}

TEST_CASE("modules that never ran are named, the outermost only") {
  const Report report = report_of(kNet);
  CHECK(report.not_run == std::vector<std::string>{"aside"});  // `idle` has no parameters, `proj` was read
}

TEST_CASE("true totals hold every parameter once") {
  for (const char* convention : {"thoplw", "exact"}) {
    const Report report = report_of(kNet, convention);
    CHECK(report.all_params == 4 + 40 + 12 + 8 + 10 + 25 + 10);
    CHECK(report.trainable_params == 4 + 40 + 8 + 10 + 25 + 10);  // the convolution is frozen
    CHECK(report.buffers == 4 + 4 + 1);
  }
}

TEST_CASE("the exact convention counts contractions, and parameters as torch does") {
  const Report report = report_of(kNet, "exact");
  CHECK(report.total[Measure::macs] == 16 + 8 + 48 + 2 * 40);
  CHECK(report.total[Measure::params] == report.all_params);
  CHECK(row_of(report, "aside.0").listed);  // never ran, but its parameters count
  check_sums(report);
}

TEST_CASE("a tied weight counts where it is first among what counts") {
  // The embedding does not run: its weight is the head's.
  std::string text = kNet;
  const std::size_t begin = text.find("  call \"emb\""), end = text.find("  call \"block\"");
  text.erase(begin, end - begin);
  const Report report = report_of(text);
  CHECK(row_of(report, "head").own[Measure::params] == 40 + 10);
  CHECK_FALSE(row_of(report, "emb").listed);
  CHECK(report.not_run == std::vector<std::string>{"aside"});  // the one parameter of `emb` is in use
  check_sums(report);
}

TEST_CASE("a running mean counts only for a batch norm") {
  const Report report = report_of(replaced(kNet, "class torch.nn.BatchNorm2d : torch.nn.modules.batchnorm._BatchNorm",
                                           "class torch.nn.BatchNorm2d"));
  CHECK(row_of(report, "block.bn").own[Measure::params] == 16);
  std::string frozen = kNet;
  for (std::size_t at; (at = frozen.find("torch.nn.BatchNorm2d")) != std::string::npos;) {
    frozen.replace(at, 20, "ops.FrozenBatchNorm2d");
  }
  CHECK(row_of(report_of(frozen), "block.bn").own[Measure::params] == 8);
}

TEST_CASE("a module is a leaf if none is inside of it, wherever that is listed") {
  const Report report = count(parse_trace(R"(thoplw trace 1
model "Net"
source "by hand"
class app.Net
class app.Layer
module "" app.Net
module "a" app.Layer
module "b" app.Layer
module "a.inner" app.Layer
param "a.scale" %1:f32[3] trainable
param "b.scale" %2:f32[5] trainable
param "a.inner.scale" %3:f32[7] trainable
call "" () -> () {
  call "a" () -> () {
    call "a.inner" () -> () {
    }
  }
  call "b" () -> () {
  }
}
)"),
                              find_convention("torchstat"));
  CHECK(listed(report) == "b Layer 0 5\na.inner Layer 0 7\n");
}

TEST_CASE("an operator without a rule makes the total a lower bound and is named") {
  std::string text = replaced(kNet, "aten::relu_", "mylib::gate");
  text = replaced(text, "aten::add_", "mylib::gate");
  text = replaced(text, "aten::mm", "mylib::product");
  const Report report = report_of(text);
  CHECK(report.total[Measure::macs] == 16 + 8 + 48 + 64 + 100 - 16);
  CHECK_FALSE(report.exact);
  REQUIRE(report.uncounted.size() == 3);
  CHECK((report.uncounted[0].op == "mylib::gate" && report.uncounted[0].path == "block.relu"));
  CHECK((report.uncounted[1].op == "mylib::gate" && report.uncounted[1].path == "block"));
  CHECK((report.uncounted[2].op == "mylib::product" && report.uncounted[2].path == ""));
  CHECK((!row_of(report, "block").exact && row_of(report, "block.conv").exact));
  check_sums(report);
}

TEST_CASE("a tool makes no known zero of an operator that no rule knows") {
  const std::string text = replaced(kNet, "aten::mm", "mylib::product");
  for (const Convention* convention : conventions()) {
    CAPTURE(convention->name);
    const Report report = count(parse_trace(text), *convention);
    CHECK_FALSE(report.exact);
    REQUIRE(report.uncounted.size() == 1);
    CHECK((report.uncounted[0].op == "mylib::product" && report.uncounted[0].path == ""));
  }
  // What a tool does not know, but a rule does, is nothing there, and said in the notes: a product that thop overlooks.
  const Report overlooked = count(parse_trace(kNet), find_convention("thop"));
  CHECK((overlooked.exact && overlooked.missed_macs == 16 + 8));  // 1*4*4; 1*4*2, which belongs to no layer
}

TEST_CASE("work that hangs on what a sparse tensor holds makes a lower bound") {
  std::string text = replaced(kNet, "aten::mm(", "aten::scaled_dot_product_attention(%40:f32[2,2;3], %40:f32[2,2;3], ");
  text = replaced(text, "aten::add_(", "aten::mm(%40:f32[2,2;3], %40:f32[2,2;3], ");
  const Report report = report_of(text);
  CHECK(report.total[Measure::macs] == 16 + 8 + 48 + 64 + 100 - 16);  // as where they have no rule
  REQUIRE(report.uncounted.size() == 2);
  CHECK((report.uncounted[0].op == "aten::mm" && report.uncounted[1].op == "aten::scaled_dot_product_attention"));
}

TEST_CASE("an unknown operator that ran often is named once") {
  std::string text = replaced(kNet, "aten::linear(%24", "mylib::fc(%24");
  text = replaced(text, "aten::linear(%24", "mylib::fc(%24");
  const Report report = report_of(text);
  REQUIRE(report.uncounted.size() == 1);
  CHECK((report.uncounted[0].path == "head" && report.uncounted[0].times == 2));
}

TEST_CASE("what the user says of a call replaces all that is inside of it") {
  std::string text = replaced(kNet, "-> (%23:f32[1,4,2,2]) {", "-> (%23:f32[1,4,2,2]) custom=1000 {");
  text = replaced(text, "aten::relu_", "mylib::gate");
  text = replaced(text, "-> (%21:f32[1,4,2,2]) {", "-> (%21:f32[1,4,2,2]) custom=7 {");  // inside of it
  const Report report = report_of(text);
  CHECK(listed(report) ==
        " Net 16 4\n"
        "emb Embedding 0 40\n"
        "block Block 1000 10\n"  // parameters stay where they are
        "block.conv Conv2d 0 12\n"
        "block.bn BatchNorm2d 0 16\n"
        "block.relu ReLU 0 0\n"
        "head Linear 100 10\n");
  CHECK((report.exact && report.uncounted.empty()));
  check_sums(report);
}

TEST_CASE("a custom cost holds for its call alone") {
  const Report report = report_of(replaced(kNet, "-> (%25:f32[1,10]) {", "-> (%25:f32[1,10]) custom=3 {"));
  CHECK(row_of(report, "head").own[Measure::macs] == 3 + 50);
}

TEST_CASE("a model that is one layer has its row at the root") {
  const Report report = report_of(
      "thoplw trace 1\nmodel \"Linear\"\nclass torch.nn.Linear\nmodule \"\" torch.nn.Linear\n"
      "param \"weight\" %0:f32[3,7] trainable\ncall \"\" (%1:f32[2,7]) -> (%2:f32[2,3]) {\n"
      "aten::linear(%1:f32[2,7], %0:f32[3,7], none) -> %2:f32[2,3]\n}\n");
  CHECK(listed(report) == " Linear 42 21\n");  // 2*7*3
}

TEST_CASE("operators outside of any call belong to the root") {
  const Report report =
      report_of("thoplw trace 1\nclass app.Net\nmodule \"\" app.Net\naten::mm(f32[4,5], f32[5,6]) -> f32[4,6]\n");
  CHECK(report.rows[0].own[Measure::macs] == 120);  // 4*5*6
}

TEST_CASE("errors say in which layer and operator") {
  CHECK_THROWS_WITH_AS(report_of(replaced(kNet, "aten::conv2d(%20:f32[1,3,2,2], %3:f32[4,3,1,1], none)",
                                          "aten::conv2d(%20:f32[1,3,2,2], none)")),
                       "block.conv: aten::conv2d: tensor argument 2 is missing", Error);
  CHECK_THROWS_WITH_AS(report_of(replaced(kNet, "aten::mm(%1:f32[1,4], %33:f32[4,4])",
                                          "aten::mm(%40:f32[1,9223372036854775807], %41:f32[9223372036854775807,4])")),
                       "aten::mm: the count exceeds 2^64: check the shapes, or profile a part of the model", Error);
  CHECK_THROWS_WITH_AS(count(Trace{}, find_convention("exact")),
                       "the trace has no modules; the first must be the root, with an empty path", Error);
}

TEST_CASE("a sum of costs that exceeds 64 bits throws") {
  const std::string big = "custom=9223372036854775807 {";  // 2^63 - 1, three times
  std::string text = replaced(kNet, "-> (%25:f32[1,10]) {", "-> (%25:f32[1,10]) " + big);
  text = replaced(text, "-> (%26:f32[1,10]) {\n    aten", "-> (%26:f32[1,10]) " + big + "\n    aten");
  text = replaced(text, "-> (%31:f32[1,4]) {", "-> (%31:f32[1,4]) " + big);
  CHECK_THROWS_AS(report_of(text), Error);
}

}  // namespace thoplw
