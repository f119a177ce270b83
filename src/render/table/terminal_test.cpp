// Tests of trees and tables on terminals: widths, bars, colours.
#include <doctest/doctest.h>

#include <regex>
#include <sstream>

#include "render/render.h"
#include "render/samples_test.h"
#include "render/table/width.h"

namespace thoplw {
namespace {

std::string render(std::string_view kind, const Report& report, Screen screen,
                   NumberFormat numbers = NumberFormat::raw) {
  RenderOptions options;
  options.screen = screen;
  options.numbers = numbers;
  return find_renderer(kind).report(report, options);
}

std::string without_color(const std::string& text) {
  return std::regex_replace(text, std::regex("\x1b\\[[0-9]+m"), "");
}

/// The widest line above the footnotes.
std::size_t widest(const std::string& text) {
  std::size_t width = 0;
  std::istringstream in(text.substr(0, text.find("\n\n")));
  for (std::string line; std::getline(in, line);) width = std::max(width, display_width(line));
  return width;
}

}  // namespace

TEST_CASE("text gives way in its middle") {
  struct Case {
    std::string_view text;
    std::size_t width;
    std::string_view expected;
  };
  for (const Case& row : {
           Case{"layer2.0.downsample.0", 21, "layer2.0.downsample.0"},
           Case{"layer2.0.downsample.0", 9, "laye…le.0"},
           Case{"layer2.0.downsample.0", 4, "l….0"},
           Case{"conv1", 1, "…"},
           Case{"conv1", 0, ""},
           Case{"", 3, ""},
           Case{"層層層層", 5, "層…層"},
           Case{"層層層層", 4, "…層"},  // of two cells each
           Case{"e\u0301e\u0301e\u0301e\u0301", 3, "e\u0301…e\u0301"},
           Case{"\xff\xfe\xfd", 2, "…\xfd"},
       }) {
    CAPTURE(row.width);
    CHECK(shortened(row.text, row.width) == row.expected);
    CHECK(display_width(shortened(row.text, row.width)) <= row.width);
  }
}

TEST_CASE("paths give way at their beginnings") {
  CHECK(shortened_path("layers.12.attention.query", 25) == "layers.12.attention.query");
  CHECK(shortened_path("layers.12.attention.query", 19) == "…12.attention.query");
  CHECK(shortened_path("層層層", 4) == "…層");  // of two cells each
  CHECK(shortened_path("conv", 1) == "…");
  CHECK(shortened_path("conv", 0) == "");
  CHECK(shortened_path("layer1.2.conv1 [new]", 15) == "….2.conv1 [new]");
  CHECK(shortened_path("classifier [renamed from fc]", 19) == "classifier [re… fc]");
  CHECK(shortened_path("a.classifier [renamed from fc]", 16) == "…ssifier [r… fc]");
}

TEST_CASE("no line is wider than the terminal, and no number is cut") {
  for (const auto& sample : kSamples) {
    const Report report = sample.report();
    const std::string total = std::to_string(report.total[Measure::macs].value());
    for (int columns = 30; columns < 160; ++columns) {
      for (const auto numbers : {NumberFormat::raw, NumberFormat::clever, NumberFormat::ratio}) {
        CAPTURE(sample.name);
        CAPTURE(columns);
        const std::string tree = render("tree", report, {columns, 0, false}, numbers);
        CHECK(widest(tree) <= static_cast<std::size_t>(columns));
        if (numbers == NumberFormat::raw) CHECK(tree.find(total) != std::string::npos);
        const std::string text = render("text", report, {columns, 0, false}, numbers);
        CHECK(widest(text) <= static_cast<std::size_t>(columns));
        if (numbers == NumberFormat::raw) CHECK(text.find(total) != std::string::npos);
      }
    }
  }
}

TEST_CASE("a narrow table leaves out shapes, then classes, then numbers but the first, and says so") {
  CHECK("\n" + render("text", small_report(), {28, 0, false}) == R"(
| Name        | MACs  |
+-------------+-------+
| (root)      | 0     |
| conv        | 7784  |
| block       | 20736 |
| block.act   | 0     |
| block.mlp.0 | 2592  |
| head        | 2890  |
+-------------+-------+
| Total       | 34002 |

not shown for want of room: Class, Input shape, Output shape, Params; see all with -o FILE or in a pipe)");
  RenderOptions options;
  options.screen.columns = 20;
  options.columns = {"params", "name", "macs"};  // no number is cut
  const std::string table = render_report(small_report(), find_renderer("text"), options);
  CHECK(table.starts_with("| Params | Name     |\n"));  // nor is a name to less than 8 cells
  options.screen.columns = 31;
  CHECK("\n" + render_report(small_report(), find_renderer("text"), options) == R"(
| Params | Name       | MACs  |
+--------+------------+-------+
| 8      | (root)     | 0     |
| 224    | conv       | 7784  |
| 0      | block      | 20736 |
| 0      | block.act  | 0     |
| 72     | …ock.mlp.0 | 2592  |
| 2890   | head       | 2890  |
+--------+------------+-------+
| 3194   | Total      | 34002 |)");
}

TEST_CASE("a narrow tree leaves out shares, then numbers from the last on, and says so") {
  // MACs have 5 cells, params 6, shares 8 and 12, with 2 before each, and the label at least 12.
  const std::string tree = render("tree", small_report(), {12 + 2 + 5 + 2 + 6, 0, false});
  CHECK(tree.starts_with("Module         MACs  Params\n"));
  CHECK(tree.ends_with("\n\nnot shown for want of room: Share; see all with -o FILE or in a pipe"));
  RenderOptions options;
  options.columns = {"macs", "params", "share", "params-share"};
  options.screen.columns = 12 + 2 + 5 + 2 + 6;
  CHECK(render_report(small_report(), find_renderer("tree"), options)
            .ends_with("\nnot shown for want of room: Share, Params share; see all with -o FILE or in a pipe"));
  options.screen.columns = 12 + 2 + 5;
  CHECK(render_report(small_report(), find_renderer("tree"), options)
            .ends_with("\nnot shown for want of room: Params, Share, Params share; see all with -o FILE or in a pipe"));
}

TEST_CASE("a wide terminal changes nothing in a table") {
  for (const auto& sample : kSamples) {
    CHECK(render("text", sample.report(), {200, 0, false}) == render("text", sample.report(), {}));
  }
}

namespace {

/// small_report() as another convention counts it.
Report other_count(const std::string& convention, Count macs) {
  Report report = small_report();
  report.convention = convention;
  report.rows.at(1).own[Measure::macs] = macs;
  add_up(report);
  return report;
}

Comparison comparison() {
  return {.reports = {small_report(), other_count("fvcore", 7776), other_count("ultralytics-thop", 8064)},
          .base = 0,
          .parts = {{}, {}, {}},
          .notes = {}};
}

struct TableOfSeveral {
  std::string_view what;
  std::string (*shown)(Screen);
};

constexpr TableOfSeveral kTablesOfSeveral[] = {
    {"diff",
     [](Screen screen) {
       return render_diff(diff(small_report(), other_count("thoplw", 15568)), find_renderer("text"), {.screen = screen},
                          true);
     }},
    {"diff of other models",
     [](Screen screen) {
       return render_diff(diff(small_report(), hostile_report()), find_renderer("text"), {.screen = screen}, false);
     }},
    {"comparison",
     [](Screen screen) { return render_comparison(comparison(), find_renderer("text"), {.screen = screen}); }},
    {"models",
     [](Screen screen) {
       const std::vector<NamedReport> models = {{"torchvision:small", small_report()},
                                                {"path/to/hostile.onnx", hostile_report()}};
       return render_models(models, find_renderer("text"), {.screen = screen});
     }},
};

}  // namespace

TEST_CASE("tables of several models and conventions fit the terminal, too") {
  for (const TableOfSeveral& table : kTablesOfSeveral) {
    const std::string whole = table.shown({});
    for (int columns = 30; columns < 160; ++columns) {
      CAPTURE(table.what);
      CAPTURE(columns);
      const std::string text = table.shown({columns, 0, false});
      CHECK(widest(text) <= static_cast<std::size_t>(columns));
      CHECK(text.find("34002") != std::string::npos);  // what the small one costs: the first number is whole
      CHECK((text == whole) == (widest(whole) <= static_cast<std::size_t>(columns)));
    }
  }
}

TEST_CASE("a narrow comparison leaves out the last conventions, but never the one that all are compared to") {
  // 14 cells for "Total - thoplw", 6 for "Conv2d", 11, 11 and 21 of numbers; 3 between and 4 around: 79
  CHECK(kTablesOfSeveral[2].shown({78, 0, false}).find("want of room: Class; see") != std::string::npos);
  CHECK("\n" + kTablesOfSeveral[2].shown({60, 0, false}) == R"(
| Name           | thoplw MACs | fvcore MACs |
+----------------+-------------+-------------+
| conv           | 7784        | 7776        |
| block          | 20736       | 20736       |
| block.mlp.0    | 2592        | 2592        |
| head           | 2890        | 2890        |
+----------------+-------------+-------------+
| Total          | 34002       | 33994       |
| Parameters     | 3194        | 3194        |
| Total - thoplw | 0           | -8          |

not shown for want of room: Class, ultralytics-thop MACs; see all with -o FILE or in a pipe)");
}

TEST_CASE("bars are shares of the total, in eighths of cells") {
  // Labels of 21 and numbers of 25 cells leave 12, 96 eighths: 66 of 68.61 %, 59 of 60.98, 22 of 22.89, 7 of 7.62.
  CHECK("\n" + render("tree", small_report(), {60, 0, false}) == R"(
Module                  MACs     Share                Params
Net                    34002  100.00 %  ████████████    3194
├─ (itself)                0    0.00 %                     8
├─ conv: Conv2d         7784   22.89 %  ██▊              224
├─ block: Block        23328   68.61 %  ████████▎         72
│  ├─ (itself)         20736   60.98 %  ███████▍           0
│  ├─ act: ReLU            0    0.00 %                     0
│  └─ mlp: Sequential   2592    7.62 %  ▉                 72
│     └─ 0: Linear      2592    7.62 %  ▉                 72
└─ head: Linear         2890    8.50 %  █               2890)");
}

TEST_CASE("a narrow terminal has narrow branches and shortened classes, then no shares") {
  CHECK("\n" + render("tree", small_report(), {38, 0, false}) == R"(
Module          MACs     Share  Params
Net            34002  100.00 %    3194
├ (itself)         0    0.00 %       8
├ conv: Co…2d   7784   22.89 %     224
├ block: B…ck  23328   68.61 %      72
│ ├ (itself)   20736   60.98 %       0
│ ├ act: ReLU      0    0.00 %       0
│ └ mlp: S…al   2592    7.62 %      72
│   └ 0: L…ar   2592    7.62 %      72
└ head: Li…ar   2890    8.50 %    2890)");
  CHECK(render("tree", small_report(), {36, 0, false}).starts_with("Module                  MACs  Params\n"));
}

TEST_CASE("colours change nothing else, and are there only where they are wanted") {
  for (const auto& sample : kSamples) {
    for (const int columns : {0, 50, 120}) {
      const std::string plain = render("tree", sample.report(), {columns, 0, false});
      const std::string colored = render("tree", sample.report(), {columns, 0, true});
      CHECK(plain.find('\x1b') == std::string::npos);
      CHECK(colored != plain);
      CHECK(without_color(colored) == plain);
    }
  }
  CHECK(render("tree", small_report(), {0, 0, true}).find("conv: \x1b[94mConv2d\x1b[0m") != std::string::npos);
}

TEST_CASE("a table higher than the terminal has its titles below, too") {
  const auto titles = [](const std::string& text) {
    std::size_t found = 0;
    for (auto at = text.find("| Name "); at != std::string::npos; at = text.find("| Name ", at + 1)) ++found;
    return found;
  };
  CHECK(titles(render("text", small_report(), {100, 9, false})) == 2);
  CHECK(titles(render("text", small_report(), {100, 10, false})) == 1);  // 6 rows, titles, two rules and the total
  CHECK(titles(render("text", small_report(), {100, 0, false})) == 1);
}

}  // namespace thoplw
