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

not shown for want of room: Input shape, Output shape, Class, Params; see all with -o FILE or in a pipe)");
  RenderOptions options;
  options.screen.columns = 20;
  options.columns = {"params", "name", "macs"};  // no number is cut
  const std::string table = render_report(small_report(), find_renderer("text"), options);
  CHECK(table.starts_with("| Params | Name        |\n"));
}

TEST_CASE("a wide terminal changes nothing in a table") {
  for (const auto& sample : kSamples) {
    CHECK(render("text", sample.report(), {200, 0, false}) == render("text", sample.report(), {}));
  }
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
