// Tests of the pictures: sums, escapes, sizes. What real parsers make of them is in tests/python/test_pictures.py.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "render/escape.h"
#include "render/picture/class_kind.h"
#include "render/picture/icicle.h"
#include "render/render.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

std::string render(std::string_view kind, const Report& report, const std::string& sort = "", int depth = -1) {
  RenderOptions options;
  options.sort = sort;
  options.depth = depth;
  return find_renderer(kind).report(report, options);
}

/// Blocks of four layers, ten to a stage, each layer with one unit more than the one before.
Report large_report(int layers) {
  Report report;
  report.model = "Large";
  const auto add = [&](std::string path, std::string cls, Id parent, int depth, int macs) {
    Row row;
    row.path = std::move(path);
    row.cls = std::move(cls);
    row.parent = parent;
    row.depth = depth;
    row.own[Measure::macs] = macs;
    row.listed = macs > 0;
    report.rows.push_back(std::move(row));
    return static_cast<Id>(report.rows.size() - 1);
  };
  const Id root = add("", "Large", kNone, 0, 0);
  for (int i = 0; i < layers; i += 40) {
    const std::string stage = "stage" + std::to_string(i / 40);
    const Id at = add(stage, "Sequential", root, 1, 0);
    for (int j = 0; j < 40; ++j) add(stage + "." + std::to_string(j), "Linear", at, 2, i + j + 1);
  }
  add_up(report);
  return report;
}

}  // namespace

TEST_CASE("stacks are what their innermost modules cost") {
  CHECK(render("folded", small_report()) ==
        "Net;conv 7784\n"
        "Net;block 20736\n"
        "Net;block;mlp;0 2592\n"
        "Net;head 2890");
  CHECK(render("folded", small_report(), "params") == "Net;head 2890\nNet;conv 224\nNet;block;mlp;0 72\nNet 8");
  CHECK(render("folded", small_report(), "", 1) == "Net;conv 7784\nNet;block 23328\nNet;head 2890");  // 20736 + 2592
}

TEST_CASE("stacks add up to the total, and a name breaks none") {
  Report odd = hostile_report();
  add_row(odd, "a;b c\td 7", "Linear", {1, 2}, {1, 2}, 4, 4);
  odd.total[Measure::macs] += 4;
  odd.total[Measure::params] += 4;
  for (const Report& report : {small_report(), odd, large_report(400)}) {
    for (const std::string sort : {"", "params", "name"}) {
      std::uint64_t sum = 0;
      std::istringstream in(render("folded", report, sort));
      for (std::string line; std::getline(in, line);) {
        CHECK(std::count(line.begin(), line.end(), ' ') == 1);
        CHECK(std::count(line.begin(), line.end(), ';') <= 3);
        CHECK(line.find('\x1b') == std::string::npos);
        sum += std::stoull(line.substr(line.find(' ') + 1));
      }
      CHECK(sum == (sort == "params" ? report.total[Measure::params] : report.total[Measure::macs]).value());
    }
  }
  CHECK(render("folded", odd).find("\nNet<int,_\"|\">;a,b_c\\td_7 4") != std::string::npos);
}

TEST_CASE("text is safe in XML") {
  struct Case {
    std::string_view text, expected;
  };
  for (const Case& row : {
           Case{"conv1", "conv1"},
           Case{"</title><script>alert(\"1\")</script>",
                "&lt;/title&gt;&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;"},
           Case{"it's & co", "it&#39;s &amp; co"},
           Case{"]]>", "]]&gt;"},
           Case{"a\nb\x1b\x01", "a\\nb\\x1b\\x01"},
           Case{"\xff層", "\\xff層"},
           Case{"\xef\xbf\xbe\xef\xbf\xbf", "\\ufffe\\uffff"},  // no characters of XML
           Case{std::string_view("\0", 1), "\\x00"},
       }) {
    CHECK(xml_escaped(row.text) == row.expected);
  }
}

TEST_CASE("cells of an icicle are as high as their share, and those too low are one") {
  const Report report = large_report(400);  // 10 stages of 40 layers
  const auto cells = icicle(module_tree(report, {}), sizing_of(report, {}), 500);
  double stages = 0, layers = 0;
  for (const IcicleCell& cell : cells) {
    if (cell.level == 1) stages += cell.height;
    if (cell.level == 2) layers += cell.height;
    CHECK(cell.height >= 1);
  }
  CHECK(cells.front().height == doctest::Approx(500));
  CHECK(stages == doctest::Approx(500));
  CHECK(layers == doctest::Approx(500));
  CHECK(cells[1].height == doctest::Approx(500.0 * (40 * 41 / 2) / (400 * 401 / 2)));  // 1 to 40 of 1 to 400
  CHECK(cells[2].label == "(40 small)");
}

TEST_CASE("pictures of large models stay small, and say so where they leave something out") {
  const Report report = large_report(5000);
  CHECK(render("svg", report).size() < 100'000);
  const std::string mermaid = render("mermaid", report);
  CHECK(mermaid.size() < 50'000);
  CHECK(mermaid.find("\n%% 5000 modules are merged into others; --depth and --top say how many\n") !=
        std::string::npos);
  CHECK(render("mermaid", report, "", 2).find("merged") == std::string::npos);  // as the user wants
  CHECK(render("mermaid", small_report()).find("merged") == std::string::npos);
  Report deep;
  std::string path;
  add_row(deep, "", "Deep", {}, {}, 0, 0);
  for (int i = 0; i < 40; ++i) {
    path += path.empty() ? "m" : ".m";
    add_row(deep, path, "Block", {}, {}, 1, 0);
  }
  add_up(deep);
  CHECK(render("svg", deep).find(">modules deeper than 11 are in those around them<") != std::string::npos);
}

TEST_CASE("a picture of nothing says so") {
  Report report;
  report.model = "Identity";
  add_row(report, "", "Identity", {1, 8}, {1, 8}, 0, 0);
  CHECK(render("svg", report).find("nothing has any MACs: there are no areas to show") != std::string::npos);
  CHECK(render("svg", report, "params").find("nothing has any params") != std::string::npos);
  CHECK(render("folded", report) == "Identity 0");
}

TEST_CASE("classes are told by their names, else by their work") {
  const auto kind = [](std::string cls) {
    Row row;
    row.cls = std::move(cls);
    return kind_of(row).name;
  };
  CHECK(kind("Conv2d") == "convolution");
  CHECK(kind("Conv2dNormActivation") == "convolution");
  CHECK(kind("Conv1D") == "linear");  // of transformers
  CHECK(kind("NonDynamicallyQuantizableLinear") == "linear");
  CHECK(kind("MultiheadAttention") == "attention");
  CHECK(kind("LlamaRMSNorm") == "norm");
  CHECK(kind("LSTM") == "recurrent");
  CHECK(kind("Embedding") == "embedding");
  CHECK(kind("AdaptiveAvgPool2d") == "pooling");
  CHECK(kind("ReLU6") == "activation");
  CHECK(kind("Upsample") == "pooling");
  CHECK(kind("QProj") == "linear");
  CHECK(kind("BasicBlock") == "other");
  Row odd;
  odd.cls = "Mixer";
  odd.work[Kind::attention] = 5;
  odd.work[Kind::softmax] = 2;
  CHECK(kind_of(odd).name == "attention");
  Row op;  // a row of an operator has no class
  op.path = "aten::conv2d";
  CHECK(kind_of(op).name == "convolution");
}

}  // namespace thoplw
