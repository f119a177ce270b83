// Tests of which rows a tree keeps, and where what it leaves out is added up.
#include "render/kept_rows.h"

#include <doctest/doctest.h>

#include "render/module_tree.h"
#include "render/render.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

/// "name parent children (others)" of each kept row.
std::vector<std::string> words_of(const std::vector<KeptRow>& kept) {
  std::vector<std::string> words;
  for (const KeptRow& row : kept) {
    words.push_back(row.name + " " + std::to_string(row.parent) + " " + std::to_string(row.children));
    if (!row.others) continue;
    words.back() += " " + row.others->name() + " " + std::to_string(row.others->row.own[Measure::macs].value());
  }
  return words;
}

}  // namespace

TEST_CASE("what is left out is added up by the nearest module around it that is kept") {
  // root, conv, block, block.act, block.mlp, block.mlp.0, head; a row of the Sequential has no line
  const Report report = small_report();
  struct Case {
    std::vector<bool> shown;
    std::vector<std::string> expected;
  };
  for (const Case& row : {
           Case{{1, 1, 1, 1, 1, 1, 1}, {" -1 3", "conv 0 0", "block 0 2", "act 2 0", "mlp 2 1", "0 4 0", "head 0 0"}},
           Case{{0, 1, 0, 0, 0, 1, 0},
                {" -1 3 (1 other) 2890", "conv 0 0", "block 0 2 (1 other) 0", "mlp 2 1", "0 3 0"}},
           Case{{0, 0, 1, 0, 0, 0, 0}, {" -1 3 (2 others) 10674", "block 0 2 (2 others) 2592"}},  // 7784 + 2890
           Case{{0, 0, 0, 0, 0, 0, 0}, {" -1 3 (5 others) 34002"}},
       }) {
    const auto counts = [](const Row& of) { return has_line(of, {}); };
    CHECK(words_of(kept_rows(report.rows, row.shown, counts)) == row.expected);
  }
  const auto all = [](const Row&) { return true; };
  CHECK(kept_rows(report.rows, std::vector<bool>(7, false), all).front().others->many == 6);
  CHECK(kept_rows({}, {}, all).empty());
}

TEST_CASE("a tree of rows that are shown adds up to them and to what is not") {
  const Report report = small_report();
  const ModuleNode root = tree_of_shown(report.rows, {true, false, true, false, false, false, false}, report.shown());
  REQUIRE(root.inside.size() == 3);  // the parameter of its own, the block, and 2 others
  CHECK(root.row.own == report.total);
  CHECK(root.inside[0].kind == NodeKind::itself);
  CHECK(root.inside[2].left_out == 2);
  const ModuleNode& block = root.inside[1];
  CHECK(block.children == 2);
  REQUIRE(block.inside.size() == 2);
  CHECK(block.inside[0].row.own[Measure::macs] == 20736);
  CHECK(block.inside[1].left_out == 3);
  CHECK(block.row.own[Measure::macs] == 20736 + 2592);
}

TEST_CASE("a measure that is asked for adds up, also where a module has nothing else of its own") {
  Report report = small_report();
  hold(report, 4, 36);  // the Sequential, such as by a mask
  RenderOptions options;
  options.columns = {"name", "bytes"};
  CHECK("\n" + find_renderer("tree").report(report, options) == R"(
Module                 Bytes
Net                       36
├─ (itself)                0
├─ conv: Conv2d            0
├─ block: Block           36
│  ├─ (itself)             0
│  ├─ act: ReLU            0
│  └─ mlp: Sequential     36
│     ├─ (itself)         36
│     └─ 0: Linear         0
└─ head: Linear            0)");
}

}  // namespace thoplw
