// Tests of the page: what its data hold, what cannot break out of it, how large it is, and that it asks for nothing.
#include <doctest/doctest.h>

#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <sstream>

#include "base/error.h"
#include "render/escape.h"
#include "render/formats.h"
#include "render/page/assets/assets.h"
#include "render/page/html_page.h"
#include "render/render.h"
#include "render/samples_test.h"
#include "render/table/columns.h"
#include "render/table/table.h"

namespace thoplw {
namespace {

std::string page_of(const Report& report, const RenderOptions& options = {}) {
  return find_renderer("html").report(report, options);
}

std::string body_of(const std::string& page) { return std::string(parts_of(page, find_renderer("html")).body); }

nlohmann::json data_of(const std::string& page) {
  const std::string_view before = "class=\"data\">";
  const auto from = page.find(before) + before.size();
  return nlohmann::json::parse(page.substr(from, page.find("</script>", from) - from));
}

std::size_t count_of(std::string_view text, std::string_view what) {
  std::size_t count = 0;
  for (auto at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1)) ++count;
  return count;
}

Report of_one_layer(Count macs, Count params) {
  Report report;
  report.model = "Net";
  report.convention = "thoplw";
  add_row(report, "", "Net", {1, 2}, {1, 2}, macs, params);
  add_up(report);
  return report;
}

}  // namespace

TEST_CASE("markup escapes") {
  struct Case {
    std::string_view text, escaped;
  };
  for (const auto& [text, escaped] : {
           Case{"layer1.0", "layer1.0"},
           Case{"<b title=\"x\">&'", "&lt;b title=&quot;x&quot;&gt;&amp;&#39;"},
           Case{"&amp;", "&amp;amp;"},
           Case{"a\nb\x1b\xff", "a\\nb\\x1b\\xff"},
           Case{"\u2028\u202e\uffff", "\\u2028\\u202e\\uffff"},
           Case{"層 \U0001f600", "層 \U0001f600"},
       }) {
    CHECK(xml_escaped(text) == escaped);
    CHECK(xml_escaped(text) == escaped);
  }
  CHECK(script_escaped("[\"</script><!--\"]") == "[\"\\u003c/script>\\u003c!--\"]");
}

TEST_CASE("counts that JavaScript cannot hold are digits in quotes") {
  constexpr auto kMost = std::numeric_limits<std::uint64_t>::max();
  constexpr std::uint64_t kExact = std::uint64_t{1} << 53;
  const auto data = data_of(page_of(of_one_layer(kMost, kExact)));
  CHECK(data.at("measures").at(0).at("total") == "18446744073709551615");
  CHECK(data.at("rows").at(0).at(8) == "18446744073709551615");
  CHECK(data.at("rows").at(0).at(9) == 9007199254740992);  // 2^53
  CHECK(data_of(page_of(of_one_layer(1, kExact + 1))).at("measures").at(1).at("total") == "9007199254740993");
}

TEST_CASE("the data have a row per module, below the row of the module around it") {
  const auto data = data_of(page_of(small_report()));
  CHECK(data.at("classes") == nlohmann::json{"Net", "Conv2d", "Block", "ReLU", "Sequential", "Linear"});
  CHECK(data.at("rows").size() == 7);
  // around, label, class, in, out, calls, 1: lower bound | 2: listed, kind of layer, MACs, parameters
  CHECK(data.at("rows").at(1) == nlohmann::json{0, "conv", 1, 0, 2, 1, 2, 0, 7784, 224});
  CHECK(data.at("rows").at(4) == nlohmann::json{2, "mlp", 4, 3, 3, 1, 0, 8, 0, 0});
  CHECK(data.at("rows").at(5) == nlohmann::json{4, "0", 5, 3, 3, 1, 2, 1, 2592, 72});
  CHECK(data.at("shapes").at(2) == nlohmann::json{"8 x 6 x 6", "1 x 8 x 6 x 6, f32", 288});
  const auto hostile = data_of(page_of(hostile_report()));
  CHECK(hostile.at("rows").at(3).at(1) == "line\\nbreak\\x1b[31m");
  CHECK(hostile.at("rows").at(4).at(6) == 3);
  CHECK(hostile.at("rows").at(5).at(3) == -1);  // nothing goes in
  CHECK(hostile.at("rows").at(7).at(1) == "\\xff");
}

TEST_CASE("what a filter leaves out of a page is a row in the module around it") {
  RenderOptions options;
  options.filter = {"block.mlp.0"};
  const auto rows = data_of(page_of(small_report(), options)).at("rows");
  REQUIRE(rows.size() == 6);
  CHECK(rows.at(3).at(1) == "0");           // root, block, block.mlp, block.mlp.0
  CHECK(rows.at(4).at(1) == "(2 others)");  // conv and head, in the root
  CHECK(rows.at(4).at(8) == 7784 + 2890);
  CHECK(rows.at(5).at(0) == 1);
  CHECK(rows.at(5).at(1) == "(1 other)");  // block.act
  CHECK(rows.at(5).at(7) == 8);            // of no kind, as in pictures
  std::uint64_t macs = 0;
  for (const auto& row : rows) macs += row.at(8).get<std::uint64_t>();
  CHECK(macs == small_report().total[Measure::macs].value());
}

TEST_CASE("the page has runs of equal modules, and leaves out columns that the report has not") {
  Report report = of_one_layer(0, 0);
  for (const std::string path : {"0", "1", "2", "3"}) add_row(report, path, path == "3" ? "B" : "A", {1}, {1}, 8, 4);
  add_totals(report);
  CHECK(data_of(page_of(report)).at("runs") == nlohmann::json{{"0-2", 1, 2, 3}});
  CHECK(data_of(page_of(report)).at("fold") == false);
  RenderOptions options{.filter = {"A"}, .columns = {"name", "time"}, .fold = true};
  const auto data = data_of(page_of(report, options));
  CHECK(data.at("fold") == true);
  CHECK(data.at("runs") == nlohmann::json{{"0-2", 1, 2, 3}});
  CHECK_FALSE(data_of(page_of(small_report())).contains("runs"));
}

TEST_CASE("the page begins as the options say") {
  RenderOptions options{.numbers = NumberFormat::clever, .depth = 1, .sort = "params", .title = "timm:<x>"};
  const std::string page = page_of(small_report(), options);
  const auto data = data_of(page);
  CHECK(data.at("numbers") == "clever");
  CHECK(data.at("sort") == "params");
  CHECK(data.at("rows").size() == 4);
  CHECK(page.find("<title>timm:&lt;x&gt;</title>") != std::string::npos);
  CHECK(page.find("<h1>timm:&lt;x&gt;</h1>") != std::string::npos);
  options.sort = "mac";
  CHECK_THROWS_WITH_AS(
      page_of(small_report(), options),
      doctest::Contains("unknown column 'mac'; did you mean 'macs'? known: name class calls input output macs params "),
      Error);
  Report flops = small_report();
  flops.unit = Unit::flop;
  CHECK(data_of(page_of(flops)).at("measures").at(0).at("title") == "FLOPs");
}

TEST_CASE("totals, bounds and notes can be read without scripts") {
  const std::string small = body_of(page_of(small_report()));
  CHECK(small.find("34.00 K<span class=\"raw\"><span>34</span><span>002</span>") != std::string::npos);  // 34002 MACs
  CHECK(small.find("lower bound") == std::string::npos);
  CHECK(small.find("class=\"notes\"") == std::string::npos);
  const std::string hostile = body_of(page_of(hostile_report()));
  CHECK(hostile.find("&ge; 1.24 G <span class=\"badge\">lower bound</span>") != std::string::npos);
  CHECK(hostile.find("<li>not counted: my|lib::op (4 times)") != std::string::npos);
  CHECK(hostile.find("<li>shares are of what was counted</li>") != std::string::npos);
  CHECK(hostile.find("<li>not run: aux1, aux2</li>") != std::string::npos);
  CHECK(hostile.find("<li>ran for real: &#39;item&#39; wants a value</li>") != std::string::npos);
}

TEST_CASE("no name ends the data or begins a tag") {
  Report report = small_report();
  for (const char* bad :
       {"</script><script>alert(1)</script>", "<!--<script>", "]]>", "\u2028", "<img src=x onerror=f()>"}) {
    report.model += bad;
    report.notes.emplace_back(bad);
    for (Row& row : report.rows) row.cls += bad;
    add_row(report, std::string("a") + bad, bad, {1}, {1}, 0, 0);
  }
  const std::string page = page_of(report);
  const std::string plain = page_of(small_report());
  for (const char* tag : {"<script", "</script", "<img", "<!--"}) CHECK(count_of(page, tag) == count_of(plain, tag));
  CHECK(data_of(page).at("rows").size() == small_report().rows.size() + 5);
}

TEST_CASE("a page is the same from run to run, and below a megabyte for 5,000 layers") {
  Report report;
  report.model = "Deep";
  add_row(report, "", "Deep", {1, 8}, {1, 8}, 0, 0);
  for (int i = 0; i < 5000; ++i) {
    Row row = report.rows.front();
    row.parent = 0;
    row.path = "a_block_with_a_long_name_" + std::to_string(i);
    row.cls = "Linear" + std::to_string(i % 50);
    row.in = Tensor{DType::f32, {1, i, 77}};
    row.own[Measure::macs] = 1234567890123 + i;
    row.own[Measure::params] = 9876543210 + i;
    report.rows.push_back(row);
  }
  add_up(report);
  const std::string page = page_of(report);
  CHECK(page.size() < 1'000'000);
  CHECK(page == page_of(report));
}

TEST_CASE("the page asks for nothing from outside, and its scripts cannot end where they should not") {
  const std::string page = html_page("", "");
  for (const char* outside :
       {"http://", "https://", "//cdn", "@import", "url(", "<link", "src=", "fetch(", "import "}) {
    CAPTURE(outside);
    CHECK(page.find(outside) == std::string::npos);
  }
  CHECK(page.find("default-src 'none'") != std::string::npos);
  CHECK(page::script.find("</script") == std::string_view::npos);
  CHECK(page::style.find("</style") == std::string_view::npos);
}

TEST_CASE("several pages are one") {
  const Renderer& html = find_renderer("html");
  const std::string page = page_of(small_report());
  const PageParts parts = parts_of(page, html);
  CHECK(std::string(parts.head) + std::string(parts.body) + std::string(parts.tail) == page);
  CHECK(parts.body.starts_with("<section"));
  CHECK(parts.body.ends_with("</section>"));
  CHECK(parts_of("a", find_renderer("csv")).body == "a");
}

TEST_CASE("any table is a page") {
  Table table{
      .titles = {"Name", "<b>"}, .numbers = {false, true}, .rows = {{"a<b", "  1.82 G"}}, .totals = {{"Total", "2"}}};
  const std::string page = html_table(table, {.title = "x & y"}, {"a <note>"});
  CHECK(page.find("<h1>x &amp; y</h1>") != std::string::npos);
  CHECK(page.find("<th scope=\"col\">Name</th><th scope=\"col\" class=\"number\">&lt;b&gt;</th>") != std::string::npos);
  CHECK(page.find("<tr><th scope=\"row\">a&lt;b</th><td class=\"number\">1.82 G</td></tr>") != std::string::npos);
  CHECK(page.find("<li>a &lt;note&gt;</li>") != std::string::npos);
  CHECK(html_table(table, {}, {}).find("<title>thoplw</title>") != std::string::npos);
}

TEST_CASE("the page knows every column of text, or would leave it out") {
  std::ifstream file(THOPLW_TEST_DIR "/../src/render/page/assets/table.js");
  std::ostringstream script;
  script << file.rdbuf();
  for (const Column& column : columns()) {
    if (column.measure) continue;
    CHECK_MESSAGE(script.str().find("\n  " + column.name + ": {") != std::string::npos, column.name);
  }
}

}  // namespace thoplw
