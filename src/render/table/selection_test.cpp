// Tests of what --top and --filter leave.
#include "render/table/selection.h"

#include <doctest/doctest.h>

#include "base/error.h"
#include "render/render.h"
#include "render/samples_test.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

/// "name macs params" of each line of the flat table.
std::vector<std::string> lines_of(const Report& report, const RenderOptions& options) {
  std::vector<std::string> lines;
  for_each_line(report, options, [&](const Row& row) {
    lines.push_back(row.path + " " + std::to_string(row.own[Measure::macs].value()) + " " +
                    std::to_string(row.own[Measure::params].value()));
  });
  return lines;
}

RenderOptions narrow(std::size_t top, std::vector<std::string> filter, std::string sort = "", int depth = -1) {
  RenderOptions options;
  options.top = top;
  options.filter = std::move(filter);
  options.sort = std::move(sort);
  options.depth = depth;
  return options;
}

}  // namespace

TEST_CASE("what is not shown is one row") {
  struct Case {
    RenderOptions options;
    std::vector<std::string> expected;
  };
  for (const Case& row : {
           // 2592 + 2890 and 8 + 72 + 2890: of (root), block.act, block.mlp.0 and head
           Case{narrow(2, {}), {"block 20736 0", "conv 7784 224", "(4 others) 5482 2970"}},
           Case{narrow(1, {}, "params"), {"head 2890 2890", "(5 others) 31112 304"}},
           Case{narrow(1, {}, "name"), {"block 20736 0", "(5 others) 13266 3194"}},  // text ranks nothing: by MACs
           Case{narrow(0, {"block"}),
                {"block 20736 0", "block.act 0 0", "block.mlp.0 2592 72", "(3 others) 10674 3122"}},
           Case{narrow(0, {"block.mlp"}), {"block.mlp.0 2592 72", "(5 others) 31410 3122"}},  // it has no line itself
           Case{narrow(0, {"Conv2d", "h*d"}), {"conv 7784 224", "head 2890 2890", "(4 others) 23328 80"}},
           Case{narrow(1, {"Linear"}), {"head 2890 2890", "(5 others) 31112 304"}},
           Case{narrow(0, {"Linear"}, "macs", 1), {"head 2890 2890", "(3 others) 31112 304"}},
           Case{narrow(5, {}),
                {"block 20736 0", "conv 7784 224", "head 2890 2890", "block.mlp.0 2592 72", " 0 8", "(1 other) 0 0"}},
           Case{narrow(9, {"*"}),
                {"block 20736 0", "conv 7784 224", "head 2890 2890", "block.mlp.0 2592 72", " 0 8", "block.act 0 0"}},
       }) {
    CHECK(lines_of(small_report(), row.options) == row.expected);
  }
}

TEST_CASE("others are a lower bound if one of them is") {
  std::vector<bool> exact;
  for_each_line(hostile_report(), narrow(1, {}), [&](const Row& row) { exact.push_back(row.exact); });
  CHECK(exact == std::vector{true, false});
}

TEST_CASE("the tree keeps what is around, and has others in each module") {
  CHECK("\n" + find_renderer("tree").report(small_report(), narrow(2, {})) == R"(
Module             MACs     Share  Params
Net               34002  100.00 %    3194
├─ block: Block   23328   68.61 %      72
│  ├─ (itself)    20736   60.98 %       0
│  └─ (2 others)   2592    7.62 %      72
├─ conv: Conv2d    7784   22.89 %     224
└─ (2 others)      2890    8.50 %    2898)");
}

TEST_CASE("a glob that matches nothing says what was meant") {
  struct Case {
    std::vector<std::string> filter;
    std::string_view error;
  };
  for (const Case& row : {
           Case{{"Conv2D"},
                "filter 'Conv2D' matches neither the path nor the class of a module; did you mean 'Conv2d'?"},
           Case{{"*", "blok*"},
                "filter 'blok*' matches neither the path nor the class of a module; did you mean 'block'?"},
           Case{{"hed"}, "filter 'hed' matches neither the path nor the class of a module; did you mean 'head'?"},
           Case{{"embed"},
                "filter 'embed' matches neither the path nor the class of a module; it has to match as a whole: try "
                "'*embed*'"},
           Case{{"*xyzzyx*"}, "filter '*xyzzyx*' matches neither the path nor the class of a module"},
       }) {
    for (const auto& renderer : renderers()) {
      CHECK_THROWS_WITH_AS(renderer.report(small_report(), narrow(0, row.filter)), std::string(row.error).c_str(),
                           Error);
    }
  }
}

}  // namespace thoplw
