// Tests of what several models are shown as: axes, labels that keep apart, the picture, and the tree of a notebook.
#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "render/formats.h"
#include "render/page/notebook.h"
#include "render/picture/axis.h"
#include "render/picture/labels.h"
#include "render/samples_test.h"

namespace thoplw {
namespace {

std::size_t occurrences(const std::string& text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

bool overlap(const Box& a, const Box& b) {
  return a.left < b.left + b.width && b.left < a.left + a.width && a.top < b.top + b.height && b.top < a.top + a.height;
}

/// `blocks` blocks of `layers` linear layers, each of 4*4 + 4. Equal ones are one row where their names count on by 1.
Report large_report(int blocks, int layers, int by = 2) {
  Report report;
  report.model = "Large";
  add_row(report, "", "Large", {1, 4}, {1, 4}, 0, 0).listed = false;
  for (int b = 0; b < blocks; ++b) {
    const std::string block = "b" + std::to_string(b * by);
    Row row = add_row(report, block, "Block", {1, 4}, {1, 4}, 0, 0);
    for (int i = 0; i < layers; ++i) {
      Row layer = row;
      layer.path = block + "." + std::to_string(i * by);
      layer.cls = "Linear";
      layer.parent = static_cast<Id>(report.rows.size() - 1 - static_cast<std::size_t>(i));
      layer.depth = 2;
      layer.own[Measure::macs] = 20;
      layer.own[Measure::params] = 20;
      report.rows.push_back(layer);
    }
  }
  add_totals(report);
  return report;
}

}  // namespace

TEST_CASE("an axis is logarithmic from a factor of ten on, and its marks are round") {
  struct Case {
    std::vector<Count> values;
    bool logarithmic;
    std::vector<Count> marks;
  };
  for (const Case& row : {
           Case{{10, 1000}, true, {10, 20, 50, 100, 200, 500, 1000}},
           Case{{3, 29}, false, {0, 5, 10, 15, 20, 25, 30}},  // 31.08 at its end
           Case{{1, 1000000000}, true, {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000}},
           Case{{0, 100}, false, {0, 20, 40, 60, 80, 100}},  // 0 is on no logarithmic axis
           Case{{0}, false, {0}}, Case{{7}, false, {0, 1, 2, 3, 4, 5, 6, 7}},
           Case{{100, 110}, false, {100, 102, 104, 106, 108, 110}},  // from 99.2 to 110.8
       }) {
    const Axis axis = axis_for(row.values);
    CAPTURE(row.values.front().value());
    CHECK(axis.logarithmic == row.logarithmic);
    CHECK(axis.marks == row.marks);
    for (const Count value : row.values) {
      CHECK(axis.at(value) >= 0);
      CHECK(axis.at(value) <= 1);
    }
  }
  const std::vector<Count> greatest = {~std::uint64_t{0}};
  CHECK(axis_for(greatest).marks.size() > 3);
}

TEST_CASE("labels keep apart, off the points and inside") {
  const Box inside{0, 0, 600, 400};
  std::vector<Label> labels;
  for (int i = 0; i < 40; ++i) labels.push_back({30.0 + i % 8 * 75, 30.0 + i / 8 * 80, 60, 13});
  for (int i = 0; i < 5; ++i) labels.push_back({300.0 + i, 200.0 + i, 60, 13});  // almost on one spot
  place(labels, inside);
  for (std::size_t i = 0; i < labels.size(); ++i) {
    const Box& box = labels[i].box;
    CHECK(gap(box, labels[i].x, labels[i].y) < 80);
    CHECK(box.left >= 0);
    CHECK(box.left + box.width <= 600);
    for (std::size_t j = 0; j < labels.size(); ++j) {
      CHECK(gap(box, labels[j].x, labels[j].y) > 2);
      if (i != j) CHECK_FALSE(overlap(box, labels[j].box));
    }
  }
}

TEST_CASE("the picture has a point and a label per model, and takes any name") {
  const std::vector<NamedReport> models = {
      {"x:<script>alert(1)</script>", small_report()}, {"x:\xff\n\"'&]]>", hostile_report()}, {"x:層", small_report()}};
  const std::string svg = scatter_svg(models, {});
  CHECK(svg.find("<script") == std::string::npos);
  CHECK(svg.find('\xff') == std::string::npos);
  CHECK(occurrences(svg, "<title>") == 1 + 3);
  CHECK(svg.find(">&lt;script&gt;alert(1)&lt;/script&gt;</text>") != std::string::npos);  // all come from "x:"
  CHECK(svg.find("hollow: a lower bound") != std::string::npos);
  CHECK(scatter_svg(models, {}) == svg);
  CHECK(scatter_svg({models.data(), 1}, {}).find("hollow") == std::string::npos);
}

TEST_CASE("a notebook gets the tree, safe and with what adds up") {
  const std::string html = notebook_html(small_report());
  CHECK(occurrences(html, "<details") == 3);  // Net, block, block.mlp
  CHECK(occurrences(html, "(itself)") == 2);  // Net has a parameter, block a product
  CHECK(html.find("7784 MACs, 224 parameters; 3 x 8 x 8 in; 8 x 6 x 6 out") != std::string::npos);
  CHECK(html.find("<script") == std::string::npos);
  CHECK(html.find("<style") == std::string::npos);
  const std::string hostile = notebook_html(hostile_report());
  CHECK(hostile.find("Net&lt;int, &quot;|&quot;&gt;") != std::string::npos);
  CHECK(hostile.find("line\\nbreak\\x1b[31m") != std::string::npos);
  CHECK(hostile.find("not counted: my|lib::op (2 times)") == std::string::npos);  // 1 + 3
  CHECK(hostile.find("not counted: my|lib::op (4 times)") != std::string::npos);
  CHECK(hostile.find('\x1b') == std::string::npos);
}

TEST_CASE("a notebook shows equal modules as one, which opens") {
  const std::string html = notebook_html(large_report(12, 2, 1));
  CHECK(occurrences(html, "float:right") == 1 + 5);  // titles; Large, b0-11, (each), 0 and 1
  CHECK(occurrences(html, "<details") == 3);         // all but the layers
  CHECK(html.find("b0-11 <span style=\"opacity:.6\">12 x Block</span>") != std::string::npos);
  for (const std::string_view tip : {"480 MACs, 480 par", "40 MACs, 40 par", "20 MACs, 20 par"}) {  // 12 * 2 * 20
    CHECK(html.find("title=\"" + std::string(tip)) != std::string::npos);
  }
  CHECK(html.find("... and") == std::string::npos);
}

TEST_CASE("a notebook stays small for thousands of layers") {
  for (const auto& sizes : {std::pair{10, 500}, std::pair{1000, 5}, std::pair{1, 5000}}) {
    const std::string html = notebook_html(large_report(sizes.first, sizes.second));
    CAPTURE(sizes.first);
    CHECK(html.size() < 100'000);
    const std::size_t rows = occurrences(html, "float:right") - 1;  // but for the titles
    CHECK(rows >= 200);
    CHECK(rows <= 200 + 11);  // and "... and more" of the root and of each of ten blocks
  }
  CHECK(notebook_html(large_report(1000, 5)).find("Block, 5 inside</span>") != std::string::npos);
  CHECK(notebook_html(large_report(1000, 5)).find("... and 4806 more") != std::string::npos);  // 801 blocks of 6
  CHECK(notebook_html(large_report(1, 5000)).find("... and 4802 more") != std::string::npos);  // 5002 - 200
}

}  // namespace thoplw
