// Every renderer over every kind of record: it shows all of it, to those whom it is for, or says that it cannot.
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <nlohmann/json.hpp>
#include <sstream>

#include "render/render.h"
#include "render/samples_test.h"
#include "report/grouped.h"

namespace thoplw {
namespace {

Report changed_report() {
  Report report = small_report();
  report.rows.pop_back();  // the head is gone
  for (Amounts* amounts : {&report.rows[1].own, &report.rows[1].inside}) (*amounts)[Measure::macs] += 10;
  report.total = {};
  for (Row& row : report.rows) row.inside = {};
  add_totals(report);
  return report;
}

std::vector<Verdict> verdicts() {
  Budget budget;
  budget.limits[Measure::macs] = 34001;
  Verdict over = check(small_report(), budget, nullptr);
  over.model = "net";
  return {over, {.model = "lost", .error = "no such file", .uses = {}, .notes = {}}};
}

/// What must be in the text of each record, and how it is made.
struct Record {
  std::string_view name;
  std::vector<std::string> words;
  std::string (*render)(const Renderer& renderer);
};

const std::vector<Record>& records() {
  static const std::vector<Record> all = {
      {"report", {"Net", "conv", "head"}, [](const Renderer& r) { return render_report(small_report(), r, {}); }},
      {"report by class",
       {"Conv2d", "Linear"},
       [](const Renderer& r) {
         RenderOptions options;
         options.by = By::cls;
         return render_report(small_report(), r, options);
       }},
      {"models",
       {"one", "two"},
       [](const Renderer& r) {
         const std::vector<NamedReport> models = {{"one", small_report()}, {"two", small_report()}};
         return render_models(models, r, {});
       }},
      {"comparison",
       {"conv", "head", "exact", "thoplw"},
       [](const Renderer& r) {
         Report other = small_report();
         other.convention = "exact";
         return render_comparison({.reports = {small_report(), other}, .base = 0, .parts = {{}, {}}, .notes = {}}, r,
                                  {});
       }},
      {"diff",
       {"conv", "head"},
       [](const Renderer& r) { return render_diff(diff(small_report(), changed_report()), r, {}); }},
      {"verdicts",
       {"net", "lost", "34002", "34001", "no such file"},
       [](const Renderer& r) { return render_verdicts(verdicts(), r, {}); }},
  };
  return all;
}

/// Fields of a record of CSV: there are none in quotes in these samples.
std::size_t fields(std::string_view line) { return static_cast<std::size_t>(std::ranges::count(line, ',')) + 1; }

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool is_csv(const std::string& text) {
  const std::vector<std::string> lines = lines_of(text);
  return std::ranges::all_of(lines, [&](const std::string& line) { return fields(line) == fields(lines.front()); });
}

/// "Net;block;mlp 2592" in each line.
bool is_folded(const std::string& text) {
  return std::ranges::all_of(lines_of(text), [](const std::string& line) {
    const auto space = line.find(' ');
    return space > 0 && space + 1 < line.size() && line.find_first_not_of("0123456789", space + 1) == line.npos;
  });
}

/// Can programs read what is for them?
struct Syntax {
  std::string_view renderer;
  bool (*holds)(const std::string& text);
};
constexpr std::array kSyntaxes = {
    Syntax{"csv", is_csv},
    Syntax{"folded", is_folded},
    Syntax{"json", [](const std::string& text) { return nlohmann::json::accept(text); }},
};

void check_syntax(const Renderer& renderer, const std::string& text) {
  const auto syntax = std::ranges::find(kSyntaxes, renderer.name, &Syntax::renderer);
  REQUIRE_MESSAGE(syntax != kSyntaxes.end(), "what is for programs has its syntax in kSyntaxes: ", renderer.name);
  CHECK_MESSAGE(syntax->holds(text), text);
}

}  // namespace

TEST_CASE("every renderer shows every kind of record, or says that it cannot") {
  for (const Renderer& renderer : renderers()) {
    for (const Record& record : records()) {
      CAPTURE(renderer.name);
      CAPTURE(record.name);
      std::string text;
      try {
        text = record.render(renderer);
      } catch (const Error& error) {
        CHECK(record.name != "report");
        CHECK_MESSAGE(std::string(error.what()).ends_with(" " + std::string(renderer.name)), error.what());
        continue;
      }
      for (const std::string& word : record.words) CHECK_MESSAGE(text.find(word) != std::string::npos, word, text);
      CHECK_FALSE(text.ends_with('\n'));
      if (renderer.audience == Audience::programs) check_syntax(renderer, text);
    }
  }
}

TEST_CASE("what is for programs has a name for every field") {
  for (const Renderer& renderer : renderers()) {
    if (renderer.audience != Audience::programs || !renderer.diff) continue;
    const std::string text = render_diff(diff(small_report(), changed_report()), renderer, {});
    std::string lower;
    for (const char c : text) lower += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    for (const char* field : {"before", "state", "change"}) CHECK_MESSAGE(lower.find(field) != std::string::npos, text);
  }
}

TEST_CASE("rows by class add up to the totals, in every measure") {
  Report report = small_report();
  hold(report, 1, 896);
  const Report groups = by_class(report);
  Amounts sum;
  for (const Row& row : groups.rows) sum += row.own;
  CHECK(sum == report.total);
  CHECK(groups.rows[0].inside == report.total);
  CHECK(groups.rows[5].path == "Linear");
  CHECK(groups.rows[5].own[Measure::macs] == 2592 + 2890);
  CHECK(groups.rows[5].calls == 2);
}

TEST_CASE("rows by operator have calls and costs, and no parameters") {
  Report report = small_report();
  CHECK_THROWS_WITH_AS(by_operator(report), doctest::Contains("does not know its operators"), Error);
  report.ops = {{"aten::conv2d", 1, only(Kind::contraction, 7776), only(Kind::contraction, 7784), 7784, true},
                {"aten::linear", 2, {}, only(Kind::contraction, 26218), 26218, false}};
  RenderOptions options;
  options.by = By::op;
  CHECK("\n" + render_report(report, find_renderer("csv"), options) + "\n" == R"(
Operator,Calls,MACs,Share
aten::conv2d,1,7784,22.89 %
aten::linear,2,>=26218,77.11 %
Total,3,34002,100.00 %
)");
  options.columns = {"name", "params"};
  CHECK_THROWS_WITH_AS(render_report(report, find_renderer("csv"), options), doctest::Contains("has no params"), Error);
}

TEST_CASE("what others cost is of the kinds of work that they pay") {
  Report report = small_report();
  report.rows[1].cost = only(Kind::contraction, 7784);
  RenderOptions options;
  options.top = 1;  // the block of 20736; of the others the convolution alone has a cost by kind here
  const auto rows = nlohmann::json::parse(render_report(report, find_renderer("json"), options)).at("rows");
  CHECK(rows.back().at("name").get<std::string>().ends_with("others)"));
  CHECK(rows.back().at("cost") == nlohmann::json{{"contraction", 7784}});
}

TEST_CASE("what is left out has the measures that all rows have") {
  Report report = small_report();
  hold(report, 2, 896);
  RenderOptions options;
  options.top = 1;  // the block
  const auto rows_of = [&] {
    return nlohmann::json::parse(render_report(report, find_renderer("json"), options)).at("rows");
  };
  CHECK(rows_of().at(0).at("bytes") == 896);
  CHECK(rows_of().at(1).at("bytes") == 0);
  report.ops = {{"aten::conv2d", 1, {}, {}, 7784, true}, {"aten::linear", 2, {}, {}, 26218, true}};
  options.by = By::op;
  CHECK(rows_of().at(1).contains("params") == rows_of().at(0).contains("params"));
}

TEST_CASE("a group is shown once, by its name") {  // 20736 of 34002; of the others 34002 - 20736
  RenderOptions options;
  options.by = By::cls;
  options.top = 1;
  CHECK("\n" + render_report(small_report(), find_renderer("tree"), options) + "\n" == R"(
Module          MACs     Share  Params
Net            34002  100.00 %    3194
├─ Block       20736   60.98 %       0
└─ (4 others)  13266   39.02 %    3194
)");
}

TEST_CASE("rows and columns are not chosen where the record says which there are") {
  RenderOptions options;
  options.by = By::op;
  const Renderer& text = find_renderer("text");
  CHECK_THROWS_WITH_AS(render_diff(diff(small_report(), small_report()), text, options),
                       "a diff has a row per module: leave --by out", Error);
  CHECK_THROWS_WITH_AS(render_verdicts(verdicts(), text, options),
                       "a check has a row per limit: leave --columns and --by out", Error);
}

}  // namespace thoplw
