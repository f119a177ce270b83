// Tests of the renderers: the documented table, counts that add up, roll-up, sorting, lookups.
#include "render/render.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "render/samples_test.h"
#include "render/table/columns.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

constexpr std::size_t kUsualColumns = 6;  // name, class, input, output, macs, params

struct Counts {
  std::uint64_t macs = 0, params = 0;
  bool operator==(const Counts&) const = default;
};

/// What a table says: the sum of its lines, and its total.
struct Parsed {
  Counts sum, total;
};

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::uint64_t number(std::string cell) {
  std::erase_if(cell, [](char c) { return c == ' ' || c == '>' || c == '='; });
  return std::stoull(cell);
}

/// The last two cells are MACs and parameters; the last line is the total.
Parsed add_cells(const std::vector<std::vector<std::string>>& records) {
  Parsed parsed;
  for (const auto& cells : records) {
    parsed.sum.macs += parsed.total.macs;  // the line before was no total
    parsed.sum.params += parsed.total.params;
    parsed.total = {number(cells.at(cells.size() - 2)), number(cells.back())};
  }
  return parsed;
}

/// Cells between pipes; `escape` before a pipe makes it part of the cell.
std::vector<std::string> piped_cells(const std::string& line, char escape) {
  std::vector<std::string> cells = {""};
  for (std::size_t i = 1; i + 1 < line.size(); ++i) {
    if (line[i] == escape) {
      cells.back() += line[++i];
    } else if (line[i] == '|') {
      cells.emplace_back();
    } else {
      cells.back() += line[i];
    }
  }
  return cells;
}

Parsed parse_piped(const std::string& text, char escape) {
  std::vector<std::vector<std::string>> records;
  for (const auto& line : lines_of(text)) {
    const bool is_row = line.starts_with("| ") && !line.starts_with("| Name");
    if (is_row) records.push_back(piped_cells(line, escape));
  }
  return add_cells(records);
}

Parsed parse_text(const std::string& text) { return parse_piped(text, '\0'); }
Parsed parse_md(const std::string& text) { return parse_piped(text, '\\'); }

/// RFC 4180.
std::vector<std::vector<std::string>> csv_records(const std::string& text) {
  std::vector<std::vector<std::string>> records = {{""}};
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string& cell = records.back().back();
    if (quoted && text.substr(i, 2) == "\"\"") {
      cell += text[++i];
    } else if (text[i] == '"') {
      quoted = !quoted;
    } else if (!quoted && text[i] == ',') {
      records.back().emplace_back();
    } else if (!quoted && text[i] == '\n') {
      records.push_back({""});
    } else {
      cell += text[i];
    }
  }
  return records;
}

Parsed parse_csv(const std::string& text) {
  auto records = csv_records(text);
  for (const auto& record : records) CHECK(record.size() == kUsualColumns);
  records.erase(records.begin());
  return add_cells(records);
}

Parsed parse_json(const std::string& text) {
  const auto json = nlohmann::json::parse(text);
  Parsed parsed;
  for (const auto& row : json.at("rows")) {
    parsed.sum.macs += row.at("macs").get<std::uint64_t>();
    parsed.sum.params += row.at("params").get<std::uint64_t>();
  }
  parsed.total = {json.at("total").at("macs"), json.at("total").at("params")};
  return parsed;
}

/// The data of the page: a large count stands in quotes.
Parsed parse_html(const std::string& text) {
  const std::string_view before = "class=\"data\">";
  const auto from = text.find(before) + before.size();
  const auto json = nlohmann::json::parse(text.substr(from, text.find("</script>", from) - from));
  const auto count = [](const nlohmann::json& value) {
    return value.is_string() ? std::stoull(value.get<std::string>()) : value.get<std::uint64_t>();
  };
  Parsed parsed;
  for (const auto& row : json.at("rows")) {
    parsed.sum.macs += count(row.at(8));
    parsed.sum.params += count(row.at(9));
  }
  parsed.total = {count(json.at("measures").at(0).at("total")), count(json.at("measures").at(1).at("total"))};
  return parsed;
}

/// Lines without lines inside them add up, since a module's own counts have a line too.
Parsed parse_tree(const std::string& text) {
  const auto lines = lines_of(text);
  const auto indent = [&](std::size_t i) { return i < lines.size() ? lines[i].find("─ ") : std::string::npos; };
  const auto counts = [&](const std::string& line) {
    std::istringstream words(line.substr(line.rfind("  ", line.find('%') - 15)));  // MACs, share, %, parameters
    std::string macs, share, percent, params;
    words >> macs >> share >> percent >> params;
    return Counts{number(macs), number(params)};
  };
  Parsed parsed;
  for (std::size_t i = 1; i < lines.size() && lines[i].find('%') != std::string::npos; ++i) {
    const bool root = indent(i) == std::string::npos;
    if (root) parsed.total = counts(lines[i]);
    const auto level = root ? 0 : indent(i);
    const bool around = indent(i + 1) != std::string::npos && (root || indent(i + 1) > level);
    if (around) continue;
    parsed.sum.macs += counts(lines[i]).macs;
    parsed.sum.params += counts(lines[i]).params;
  }
  return parsed;
}

struct Parser {
  std::string_view renderer;
  Parsed (*parse)(const std::string&);
};
constexpr std::array kParsers = {Parser{"csv", parse_csv}, Parser{"html", parse_html}, Parser{"json", parse_json},
                                 Parser{"md", parse_md},   Parser{"text", parse_text}, Parser{"tree", parse_tree}};

std::string render(std::string_view kind, const Report& report, const RenderOptions& options = {}) {
  return find_renderer(kind).report(report, options);
}

std::vector<std::string> first_cells(const Report& report, const RenderOptions& options) {
  std::vector<std::string> names;
  for (const auto& row : lay_out(report, options).rows) names.push_back(row.front());
  return names;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the text is the documented table") {
  Report report;
  report.model = "ResNet";
  add_row(report, "", "ResNet", {1, 3, 224, 224}, {1, 1000}, 0, 0).listed = false;
  add_row(report, "conv1", "Conv2d", {1, 3, 224, 224}, {1, 64, 112, 112}, 118013952, 9408);
  add_row(report, "bn1", "BatchNorm2d", {1, 64, 112, 112}, {1, 64, 112, 112}, 3211264, 256);
  add_row(report, "relu", "ReLU", {1, 64, 112, 112}, {1, 64, 112, 112}, 0, 0);
  add_row(report, "maxpool", "MaxPool2d", {1, 64, 112, 112}, {1, 64, 56, 56}, 0, 0);
  add_row(report, "layer2.0.downsample.0", "Conv2d", {1, 64, 56, 56}, {1, 128, 28, 28}, 6422528, 8192);
  add_row(report, "layer4.1.conv2", "Conv2d", {1, 512, 7, 7}, {1, 512, 7, 7}, 115605504, 2359296);
  add_row(report, "layer4.1.bn2", "BatchNorm2d", {1, 512, 7, 7}, {1, 512, 7, 7}, 100352, 2048);
  add_row(report, "avgpool", "AdaptiveAvgPool2d", {1, 512, 7, 7}, {1, 512, 1, 1}, 1024, 0);
  add_row(report, "fc", "Linear", {1, 512}, {1, 1000}, 513000, 513000);
  report.total[Measure::macs] = 1824010216;
  report.total[Measure::params] = 11699112;
  CHECK("\n" + render("text", report) == R"(
| Name                  | Class             | Input shape    | Output shape   | MACs       | Params   |
+-----------------------+-------------------+----------------+----------------+------------+----------+
| conv1                 | Conv2d            | 3 x 224 x 224  | 64 x 112 x 112 | 118013952  | 9408     |
| bn1                   | BatchNorm2d       | 64 x 112 x 112 | 64 x 112 x 112 | 3211264    | 256      |
| relu                  | ReLU              | 64 x 112 x 112 | 64 x 112 x 112 | 0          | 0        |
| maxpool               | MaxPool2d         | 64 x 112 x 112 | 64 x 56 x 56   | 0          | 0        |
| layer2.0.downsample.0 | Conv2d            | 64 x 56 x 56   | 128 x 28 x 28  | 6422528    | 8192     |
| layer4.1.conv2        | Conv2d            | 512 x 7 x 7    | 512 x 7 x 7    | 115605504  | 2359296  |
| layer4.1.bn2          | BatchNorm2d       | 512 x 7 x 7    | 512 x 7 x 7    | 100352     | 2048     |
| avgpool               | AdaptiveAvgPool2d | 512 x 7 x 7    | 512 x 1 x 1    | 1024       | 0        |
| fc                    | Linear            | 512            | 1000           | 513000     | 513000   |
+-----------------------+-------------------+----------------+----------------+------------+----------+
| Total                 | ResNet            | 3 x 224 x 224  | 1000           | 1824010216 | 11699112 |)");
}

TEST_CASE(
    "every renderer of numbers has a parser here, and what it prints adds up, whatever is shown and in what order") {
  struct Shown {
    std::size_t top;
    std::vector<std::string> filter;
  };
  REQUIRE(std::ssize(kParsers) == std::ranges::count(renderers(), true, &Renderer::numbers));
  for (const Parser& parser : kParsers) {
    for (const auto& sample : kSamples) {
      for (const int depth : {-1, 0, 1, 2, 9}) {
        for (const std::string sort : {"", "macs", "name", "output"}) {
          for (const Shown& shown : {Shown{0, {}}, Shown{1, {}}, Shown{3, {}}, Shown{99, {}}, Shown{0, {"Net*"}},
                                     Shown{0, {"?*", "Net*"}}, Shown{1, {"(root)"}}}) {
            RenderOptions options;
            options.depth = depth;
            options.sort = sort;
            options.top = shown.top;
            options.filter = shown.filter;
            const Report report = sample.report();
            const Parsed parsed = parser.parse(render(parser.renderer, report, options));
            CAPTURE(parser.renderer);
            CAPTURE(sample.name);
            CAPTURE(depth);
            CAPTURE(sort);
            CAPTURE(shown.top);
            CHECK(parsed.total == Counts{report.total[Measure::macs].value(), report.total[Measure::params].value()});
            CHECK(parsed.sum == parsed.total);
          }
        }
      }
    }
  }
}

TEST_CASE("csv gives every name back, as it is spelt where it is shown") {
  const Report report = hostile_report();
  const auto records = csv_records(render("csv", report));
  CHECK(records.at(1).front() == "a|b,c");
  CHECK(records.at(2).front() == "say \"hi\"");
  CHECK(records.at(3).front() == "line\\nbreak\\x1b[31m");
  CHECK(records.back().at(1) == "Net<int, \"|\">");
}

TEST_CASE("every row of the Markdown table has as many cells as there are columns") {
  for (const auto& line : lines_of(render("md", hostile_report()))) {
    if (line.starts_with("|")) CHECK(piped_cells(line, '\\').size() == kUsualColumns);
  }
}

TEST_CASE("modules deeper than the limit are added to the one around them") {
  const Report report = small_report();
  CHECK(first_cells(report, {}) == Names{"(root)", "conv", "block", "block.act", "block.mlp.0", "head"});
  RenderOptions options;
  options.depth = 1;
  const Report rolled = roll_up(report, 1);
  CHECK(first_cells(report, options) == Names{"(root)", "conv", "block", "head"});
  CHECK(rolled.rows.at(2).own[Measure::macs] == Count(20736 + 2592));  // its own and block.mlp.0
  CHECK(rolled.rows.at(2).work[Kind::contraction] == Count(20736 + 2304));
  options.depth = 2;
  CHECK(first_cells(report, options) == Names{"(root)", "conv", "block", "block.act", "block.mlp", "head"});
  options.depth = 0;
  CHECK(first_cells(report, options) == Names{"(root)"});
}

TEST_CASE("a lower bound stays one in the module that it is rolled up into") {
  CHECK_FALSE(roll_up(hostile_report(), 1).rows.at(5).exact);  // of its e.0 and e.1 the first is not exact
  CHECK(roll_up(hostile_report(), 1).rows.at(1).exact);
}

TEST_CASE("sorting is by number descending, by shape descending, by text ascending") {
  struct Case {
    std::string sort;
    Names expected;
  };
  for (const Case& row : {
           Case{"macs", {"block", "conv", "head", "block.mlp.0", "(root)", "block.act"}},
           Case{"params", {"head", "conv", "block.mlp.0", "(root)", "block", "block.act"}},
           Case{"name", {"(root)", "block", "block.act", "block.mlp.0", "conv", "head"}},
           Case{"class", {"block", "conv", "block.mlp.0", "head", "(root)", "block.act"}},
           Case{"input", {"block", "block.act", "block.mlp.0", "head", "(root)", "conv"}},   // 288 each; 192, 192
           Case{"output", {"conv", "block", "block.act", "block.mlp.0", "(root)", "head"}},  // 288 each; 10; 1
       }) {
    RenderOptions options;
    options.sort = row.sort;
    CAPTURE(row.sort);
    CHECK(first_cells(small_report(), options) == row.expected);
  }
  RenderOptions options;
  options.sort = "mac";
  CHECK_THROWS_WITH_AS(
      render("text", small_report(), options),
      doctest::Contains("unknown column 'mac'; did you mean 'macs'? known: name class calls input output macs params "),
      Error);
}

TEST_CASE("a model that costs nothing has no shares to divide") {
  Report report;
  report.model = "Identity";
  add_row(report, "", "Identity", {1, 8}, {1, 8}, 0, 0);
  RenderOptions options;
  options.numbers = NumberFormat::ratio;
  for (const auto& renderer : renderers()) {
    if (renderer.name == "html") continue;  // its shares are made where it is shown: tests/python/test_page.py
    const std::string text = renderer.report(report, options);
    if (renderer.numbers) CHECK(text.find("0.00 %") != std::string::npos);
    CHECK(text.find("nan") == std::string::npos);
  }
}

TEST_CASE("a report without modules is shown too") {
  for (const auto& renderer : renderers()) CHECK_FALSE(renderer.report(Report{}, {}).empty());
}

TEST_CASE("a FLOP convention has its column titled so") {
  Report report = small_report();
  report.unit = Unit::flop;
  CHECK(render("csv", report).starts_with("Name,Class,Input shape,Output shape,FLOPs,Params\n"));
  CHECK(render("tree", report).find("FLOPs") != std::string::npos);
}

TEST_CASE("footnotes say only what an ordinary model has no need of") {
  CHECK(footnotes(small_report(), {}).empty());
  const Names expected = {"not counted: my|lib::op (4 times) in 層, e\u0301.0",
                          "not counted: lib::other (2 times) in e\u0301.0", "not run: aux1, aux2"};
  CHECK(footnotes(hostile_report(), {}) == expected);
  Report many = small_report();
  for (int i = 0; i < 10; ++i) many.not_run.push_back(std::to_string(i));
  CHECK(footnotes(many, {}) == Names{"not run: 0, 1, 2, 3, 4, 5, 6, 7 and 2 more"});
}

TEST_CASE("a title stands above each table") {
  RenderOptions options;
  options.title = "timm:x_y";
  const Report report = small_report();
  CHECK(render("text", report, options) == "timm:x_y\n" + render("text", report));
  CHECK(render("tree", report, options) == "timm:x_y\n" + render("tree", report));
  CHECK(render("csv", report, options) == "timm:x_y\n" + render("csv", report));
  CHECK(render("md", report, options) == "## timm:x_y\n\n" + render("md", report));
  CHECK(nlohmann::json::parse(render("json", report, options)).at("title") == "timm:x_y");
}

TEST_CASE("json holds all of the report") {
  const auto json = nlohmann::json::parse(render("json", hostile_report()));
  CHECK(json.at("exact") == false);
  CHECK(json.at("unit") == "MAC");
  CHECK(json.at("total").at("all_params") == 9408 + 256 + 1 + 2 * 65000 + 5000);
  CHECK(json.at("total").at("buffers") == 128);
  CHECK(json.at("rows").at(1).at("input") == nlohmann::json{{"dtype", "f32"}, {"shape", {2, 3, 224, 224}}});
  CHECK(json.at("rows").at(5).at("input").is_null());
  CHECK(json.at("rows").at(5).at("subtree_macs") == 2 * 130000);
  CHECK(json.at("uncounted").at(1) == nlohmann::json{{"op", "lib::other"}, {"path", "e\u0301.0"}, {"times", 2}});
  CHECK(json.at("not_run") == nlohmann::json{"aux1", "aux2"});
  CHECK(json.at("notes").size() == 1);
  const auto small = nlohmann::json::parse(render("json", small_report()));
  CHECK(small.at("rows").at(1).at("work") == nlohmann::json{{"contraction", 7776}, {"bias", 288}});
}

TEST_CASE("formats are found by name and by suffix") {
  CHECK(find_renderer("text").name == "text");
  CHECK_THROWS_WITH_AS(
      find_renderer("txt"),
      "unknown kind 'txt'; did you mean 'text'? known: csv dot folded html json md mermaid svg text tree", Error);
  CHECK(find_number_format("ratio") == NumberFormat::ratio);
  CHECK_THROWS_WITH_AS(find_number_format("clver"),
                       "unknown fmt 'clver'; did you mean 'clever'? known: clever ratio raw", Error);
  CHECK(renderer_for_path("a/b.c/summary.md").name == "md");
  CHECK(renderer_for_path("x.markdown").name == "md");
  CHECK(renderer_for_path("x.txt").name == "text");
  CHECK(renderer_for_path("x.html").name == "html");
  CHECK(renderer_for_path("x.htm").name == "html");
  CHECK(renderer_for_path("x.gv").name == "dot");
  CHECK(renderer_for_path("x.mmd").name == "mermaid");
  for (const char* path : {"summary", "a.md/summary", "summary.", "summary.mdx", ""}) {
    CHECK_THROWS_AS(renderer_for_path(path), Error);
  }
}

}  // namespace thoplw
