// Measures that are not shown by default: what they count, where they are shown, and that they add up.
#include "report/measure.h"

#include <doctest/doctest.h>

#include "conventions/convention.h"
#include "count/count.h"
#include "render/render.h"
#include "render/samples_test.h"
#include "report/saved.h"

namespace thoplw {
namespace {

/// Two layers that share a bias; the weight of the first is frozen, and of half precision. "aux" never runs.
Report held_report(const char* conventions_name = "exact") {
  Trace trace;
  trace.model = "Net";
  trace.classes = {{"Net", {}}, {"torch.nn.Linear", {}}};
  trace.modules = {{"", 0, kNone, 1}, {"first", 1, 0, 1}, {"second", 1, 0, 1}, {"aux", 1, 0, 1}};
  trace.values = {{DType::f16, {8, 4}}, {DType::f32, {8}}, {DType::f32, {8, 8}}, {DType::i64, {}}, {DType::f4, {3, 5}}};
  trace.params = {{"weight", 1, 0, false, false}, {"bias", 1, 1, false, true},  {"weight", 2, 2, false, true},
                  {"bias", 2, 1, false, true},    {"steps", 2, 3, true, false}, {"weight", 3, 4, false, true}};
  Report report = count(trace, find_convention(conventions_name));
  report.not_run.clear();  // nothing ran, and tables would say so
  return report;
}

std::string shown(const Report& report, const char* kind, std::vector<std::string> columns, const char* sort = "") {
  RenderOptions options;
  options.columns = std::move(columns);
  options.sort = sort;
  return "\n" + render_report(report, find_renderer(kind), options) + "\n";
}

}  // namespace

TEST_CASE("trained parameters and bytes count once per tensor, where they are first held, run or not") {
  for (const char* convention : {"exact", "thoplw", "torchinfo"}) {  // whatever these count as parameters
    const Report report = held_report(convention);
    CHECK(report.rows[1].own[Measure::trainable] == 8);           // the bias; the weight is frozen
    CHECK(report.rows[2].own[Measure::trainable] == 64);          // the bias was counted
    CHECK(report.rows[3].own[Measure::trainable] == 15);          // never ran
    CHECK(report.rows[1].own[Measure::bytes] == 32 * 2 + 8 * 4);  // f16, f32
    CHECK(report.rows[2].own[Measure::bytes] == 64 * 4 + 8);      // f32, and a buffer of one i64
    CHECK(report.rows[3].own[Measure::bytes] == 8);               // 15 elements of 4 bits, whole bytes
    CHECK(report.total[Measure::trainable] == report.trainable_params);
    CHECK(report.total[Measure::bytes] == 96 + 264 + 8);
  }
}

TEST_CASE("columns are those that are named, and rows have what they show") {
  CHECK(shown(held_report("thoplw"), "csv", {"name", "trainable", "bytes", "bytes-share"}) == R"(
Name,Trainable,Bytes,Bytes share
first,8,96,26.09 %
second,64,264,71.74 %
aux,15,8,2.17 %
Total,87,368,100.00 %
)");
  CHECK(shown(held_report("thoplw"), "csv", {"name", "bytes"}, "bytes").starts_with("\nName,Bytes\nsecond,264\n"));
  CHECK(shown(held_report("thoplw"), "tree", {"name", "bytes"}) == R"(
Module             Bytes
Net                  368
├─ first: Linear      96
├─ second: Linear    264
└─ aux: Linear         8
)");
  CHECK_THROWS_WITH_AS(shown(held_report(), "csv", {"name", "name"}), "column 'name' is named twice", Error);
}

TEST_CASE("what a report does not have is not shown as 0") {
  const Report old = small_report();  // as older versions saved them
  for (const Renderer& renderer : renderers()) {
    RenderOptions options;
    options.sort = "bytes";
    CHECK_THROWS_WITH_AS(render_report(old, renderer, options), doctest::Contains("the report of Net has no bytes"),
                         Error);
  }
  Budget budget;
  budget.limits[Measure::bytes] = 5;
  CHECK_THROWS_WITH_AS(check(old, budget, nullptr), doctest::Contains("has no bytes to hold against --max-bytes"),
                       Error);
  budget.limits[Measure::bytes].reset();
  budget.limits[Measure::time] = 5;
  CHECK_THROWS_WITH_AS(check(old, budget, nullptr), doctest::Contains("name one, such as --device h100"), Error);
  Trace packed;
  packed.classes = {{"Net", {}}};
  packed.modules = {{"", 0, kNone, 1}};
  packed.values = {{DType::bits, {100}}};
  packed.params = {{"weight", 0, 0, false, false}};
  const Report unknown = count(packed, find_convention("exact"));
  CHECK_FALSE(unknown.has(Measure::bytes));  // nobody knows how large an element is
  CHECK(unknown.has(Measure::trainable));
  packed.values = {{DType::f32, {std::int64_t{1} << 62}}};  // 2^64 bytes
  CHECK_FALSE(count(packed, find_convention("exact")).has(Measure::bytes));
  packed.values = {{DType::f32, {std::int64_t{1} << 61}}};
  CHECK(count(packed, find_convention("exact")).total[Measure::bytes] == Count(std::uint64_t{1} << 63));
}

TEST_CASE("limits hold any measure") {
  Budget budget;
  budget.limits[Measure::bytes] = 367;
  budget.limits[Measure::trainable] = 87;
  const Verdict verdict = check(held_report(), budget, nullptr);
  REQUIRE(verdict.uses.size() == 2);
  CHECK(verdict.uses[0].standing() == Standing::within);
  CHECK(verdict.uses[1].standing() == Standing::over);  // 368
  CHECK(verdict.uses[1].what == "bytes");
  CHECK(verdict.uses[1].blame[0].path == "second");
}

TEST_CASE("saved reports keep every measure, and a diff shows those that are asked for") {
  const Report report = held_report();
  const std::string text = render_report(report, find_renderer("json"), {});
  CHECK(read_report("r.json", text) == report);
  Report smaller = report;
  for (Amounts* amounts : {&smaller.rows[2].own, &smaller.rows[2].inside, &smaller.rows[0].inside, &smaller.total}) {
    (*amounts)[Measure::bytes] -= 128;  // the weight of the second is f16 now
  }
  RenderOptions options;
  options.columns = {"bytes"};
  const std::string diff_text = render_diff(diff(report, smaller), find_renderer("csv"), options);
  CHECK(diff_text.find("second,second,Linear,Linear,changed,264,136,-128,-48.5 %") != std::string::npos);
  CHECK(diff_text.find("first") == std::string::npos);
}

TEST_CASE("names of measures are unique, and every one says what it counts") {
  for (const MeasureRow& row : measures()) {
    CHECK(find_measure(row.name) == &row);
    CHECK(row_of(measure_of(row)).name == row.name);
    CHECK_FALSE(row.doc.empty());
  }
  CHECK(find_measure("mac") == nullptr);
}

}  // namespace thoplw
