// What changed, as text, for pull requests and for programs, with names that no format can take as they are.
#include <doctest/doctest.h>

#include <nlohmann/json.hpp>

#include "count/compare.h"
#include "render/render.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

/// small_report() with a wider convolution, a renamed head, an attention less and a norm more.
Report changed_report() {
  Report report;
  report.model = "Net";
  report.convention = "thoplw";
  add_row(report, "", "Net", {1, 3, 8, 8}, {1, 10}, 0, 8);
  add_row(report, "conv", "Conv2d", {1, 3, 8, 8}, {1, 16, 6, 6}, 15568, 448);  // twice 7784 and 224
  add_row(report, "block", "Block", {1, 8, 6, 6}, {1, 8, 6, 6}, 0, 0);         // 20736 before
  add_row(report, "block.norm", "LayerNorm", {1, 8, 6, 6}, {1, 8, 6, 6}, 576, 16);
  add_row(report, "block.mlp", "Sequential", {1, 36, 8}, {1, 36, 8}, 0, 0).listed = false;
  add_row(report, "block.mlp.0", "Linear", {1, 36, 8}, {1, 36, 8}, 2592, 72);
  add_row(report, "classifier", "Linear", {288}, {}, 2890, 2890);
  add_up(report);
  return report;
}

std::string shown(const Report& before, const Report& after, std::string_view kind, const RenderOptions& options = {},
                  bool all = false) {
  return render_diff(diff(before, after), find_renderer(kind), options, all);
}

std::string shown(std::string_view kind, const RenderOptions& options = {}, bool all = false) {
  return shown(small_report(), changed_report(), kind, options, all);
}

std::vector<std::string> names(const RenderOptions& options) {
  std::vector<std::string> names;
  const auto json = nlohmann::json::parse(shown("json", options));
  for (const auto& row : json.at("rows")) names.push_back(row.at("name"));
  return names;
}

}  // namespace

TEST_CASE("text: what changed, in the order of the model, and what the rest adds up to") {
  // 34002 + 7784 - 20736 + 576 = 21626; 3194 + 224 + 16 = 3434. Unchanged: the root, block.mlp.0.
  CHECK(shown("text") ==
        "| Name                           | Class     | MACs  | Change | %        | Params | Change | %        |\n"
        "+--------------------------------+-----------+-------+--------+----------+--------+--------+----------+\n"
        "| conv                           | Conv2d    | 15568 | +7784  | +100.0 % | 448    | +224   | +100.0 % |\n"
        "| block                          | Block     | 0     | -20736 | -100.0 % | 0      |        |          |\n"
        "| block.norm [new]               | LayerNorm | 576   | +576   | new      | 16     | +16    | new      |\n"
        "| block.act [gone]               | ReLU      |       |        | gone     |        |        | gone     |\n"
        "| classifier [renamed from head] | Linear    | 2890  |        |          | 2890   |        |          |\n"
        "+--------------------------------+-----------+-------+--------+----------+--------+--------+----------+\n"
        "| (2 unchanged)                  |           | 2592  |        |          | 80     |        |          |\n"
        "| Total                          | Net       | 21626 | -12376 | -36.4 %  | 3434   | +240   | +7.5 %   |\n"
        "\n"
        "MACs 34002 -> 21626 (-36.4 %), params 3194 -> 3434 (+7.5 %)");
}

TEST_CASE("md: the total first; many rows are folded away") {
  RenderOptions options;
  options.title = "a_b -> <c>";
  const std::string md = shown("md", options);
  CHECK(
      md.starts_with("## a_b -> \\<c>\n\n**MACs 34002 -> 21626 (-36.4 %), params 3194 -> 3434 (+7.5 %)**\n\n| Name "));
  CHECK(md.find("<details>") == std::string::npos);
  Report many = small_report();
  for (int i = 0; i < 30; ++i) add_row(many, "extra" + std::to_string(i), "ReLU", {1, 2}, {1, 2}, 0, 0);
  const std::string folded = shown(small_report(), many, "md");
  CHECK(
      folded.starts_with("**MACs 34002 -> 34002 (no change), params 3194 -> 3194 (no change)**\n\n"
                         "<details>\n<summary>30 modules</summary>\n\n| Name "));
  CHECK(folded.ends_with(" |\n\n</details>"));
}

TEST_CASE("csv has a column for each number, and its columns add up") {
  const std::string csv = shown("csv");
  CHECK(
      csv.starts_with("Name,Name before,Class,Class before,State,MACs before,MACs,MACs change,MACs %,Params before,"
                      "Params,Params change,Params %\nconv,conv,Conv2d,Conv2d,changed,7784,15568,+7784,+100.0 %,"));
  CHECK(csv.find("\nclassifier,head,Linear,Linear,renamed,2890,2890,0,,2890,2890,0,\n") != std::string::npos);
  CHECK(csv.find("\nblock.norm,,LayerNorm,,new,,576,+576,new,,16,+16,new\n") != std::string::npos);
  CHECK(csv.find("\n(2 unchanged),(2 unchanged),,,unchanged,2592,2592,0,,80,80,0,\n") != std::string::npos);
}

TEST_CASE("json: changes of all rows add up to that of the total, at every depth") {
  for (const int depth : {-1, 0, 1, 2}) {
    RenderOptions options;
    options.depth = depth;
    const auto json = nlohmann::json::parse(shown("json", options));
    std::int64_t macs = 0, params = 0;
    std::uint64_t after = json.at("unchanged").at("macs");
    for (const auto& row : json.at("rows")) {
      macs += row.at("macs").at("change").get<std::int64_t>();
      params += row.at("params").at("change").get<std::int64_t>();
      if (!row.at("macs").at("after").is_null()) after += row.at("macs").at("after").get<std::uint64_t>();
    }
    CHECK(macs == 21626 - 34002);
    CHECK(params == 3434 - 3194);
    CHECK(after == 21626);
    CHECK(json.at("total").at("macs").at("percent") == -36.4);
  }
}

TEST_CASE("sorted by a count, the greatest change is first, whatever its sign") {
  RenderOptions options;
  options.sort = "macs";
  CHECK(names(options) == std::vector<std::string>{"block", "conv", "block.norm", "block.act", "classifier"});
  options.sort = "name";
  CHECK(names(options) == std::vector<std::string>{"block", "block.act", "block.norm", "classifier", "conv"});
}

TEST_CASE("all rows where they are asked for, and numbers in the wanted format") {
  CHECK(shown("csv", {}, true).find("\nblock.mlp.0,block.mlp.0,Linear,Linear,unchanged,2592,") != std::string::npos);
  CHECK(shown("csv", {}, true).find("unchanged)") == std::string::npos);
  RenderOptions options;
  options.numbers = NumberFormat::clever;
  CHECK(shown("csv", options).find(",7.78 K,15.57 K,+7.78 K,+100.0 %,") != std::string::npos);
  options.numbers = NumberFormat::ratio;
  CHECK(shown("csv", options).find(",22.89 %,71.99 %,+22.89 %,+100.0 %,") != std::string::npos);  // of 34002; of 21626
}

TEST_CASE("a change of lower bounds is marked: not less, not more, or either") {
  Report exact = hostile_report();
  for (Row& row : exact.rows) row.exact = true;
  exact.exact = true;
  exact.uncounted.clear();
  const auto total = [](const Report& before, const Report& after) {
    const std::string csv = shown(before, after, "csv");
    return csv.substr(csv.find("\nTotal") + 1);
  };
  CHECK(total(exact, hostile_report()).find(",1235828907,>=1235828907,>=0,") != std::string::npos);
  CHECK(total(hostile_report(), exact).find(",>=1235828907,1235828907,<=0,") != std::string::npos);
  CHECK(total(hostile_report(), hostile_report()).find(",>=1235828907,>=1235828907,~0,") != std::string::npos);
  const std::string text = shown(exact, hostile_report(), "text");
  CHECK(text.find("\nafter: the total is only a lower bound (>=)\nafter: not counted: my|lib::op (4 times) in 層, ") !=
        std::string::npos);
  CHECK(text.find("\nchanges marked >=, <= or ~ are those of what was counted") != std::string::npos);
}

TEST_CASE("hostile names stay in their cells") {
  Report renamed = hostile_report();
  renamed.rows[1].path = "x|y";
  const std::string md = shown(hostile_report(), renamed, "md");
  CHECK(md.find("| x\\|y \\[renamed from a\\|b,c] |") != std::string::npos);
  CHECK(shown(Report(hostile_report()), renamed, "csv").find("\nx|y,\"a|b,c\",Conv2d,") != std::string::npos);
  const std::string all = shown(hostile_report(), renamed, "text", {}, true);
  CHECK(all.find("line\\nbreak\\x1b[31m") != std::string::npos);
  CHECK(nlohmann::json::parse(shown(hostile_report(), renamed, "json", {}, true)).at("rows").size() == 6);
}

TEST_CASE("a FLOP convention is named so, and what is no table cannot show a diff") {
  Report before = small_report(), after = changed_report();
  before.unit = after.unit = Unit::flop;
  CHECK(shown(before, after, "text").find("FLOPs 34002 -> 21626") != std::string::npos);
  CHECK_THROWS_WITH_AS(shown("tree"), "a diff cannot be shown as tree", Error);
}

TEST_CASE("a column that a diff does not have is no measure to show") {
  RenderOptions options;
  options.columns = {"name", "input", "macs"};
  CHECK_THROWS_WITH_AS(render_diff(diff(small_report(), small_report()), find_renderer("text"), options),
                       "a diff has names, classes and measures; leave column 'input' out", Error);
}

}  // namespace thoplw
