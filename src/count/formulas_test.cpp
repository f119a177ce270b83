#include "count/formulas.h"

#include <doctest/doctest.h>

#include <string>

#include "render/formulas.h"

namespace thoplw {
namespace {

std::vector<std::int64_t> range(std::int64_t first, std::int64_t end) {
  std::vector<std::int64_t> values;
  for (std::int64_t i = first; i < end; ++i) values.push_back(i);
  return values;
}

/// A model of one layer.
Report costing(Count macs, Count params) {
  Report report;
  report.model = "Net";
  report.rows.resize(2);
  report.rows[1].path = "layer";
  report.rows[1].own[Measure::macs] = report.total[Measure::macs] = macs;
  report.rows[1].own[Measure::params] = report.total[Measure::params] = params;
  return report;
}

Count count(std::int64_t value) { return {value}; }

std::string found_macs(std::vector<Variable> variables, std::int64_t (*macs)(const Point&)) {
  const Formulas formulas =
      find_formulas(variables, [&](const Point& point) { return costing(count(macs(point)), 7); });
  return law_text(formulas.laws[formulas.total[0]], formulas.variables);
}

TEST_CASE("the degree of each variable is found") {
  const std::vector<Variable> one = {{"b", range(1, 9)}}, two = {{"b", range(1, 9)}, {"s", range(8, 65)}};
  CHECK(found_macs(one, [](const Point&) -> std::int64_t { return 5; }) == "5");
  CHECK(found_macs(one, [](const Point&) -> std::int64_t { return 0; }) == "0");
  CHECK(found_macs(one, [](const Point& p) { return 3 * p[0]; }) == "3·b");
  CHECK(found_macs(one, [](const Point& p) { return p[0] * p[0] * p[0] * p[0] + 1; }) == "1 + b⁴");
  CHECK(found_macs(two, [](const Point& p) { return 1234567 * p[0] * p[1] + 128 * p[0] * p[1] * p[1]; }) ==
        "1 234 567·b·s + 128·b·s²");
  CHECK(found_macs(two, [](const Point& p) { return p[0] * p[1] * (p[1] - 1) / 2; }) == "-1/2·b·s + 1/2·b·s²");
  CHECK(found_macs(two, [](const Point& p) { return p[0] * p[0] * p[0] + p[1]; }) == "s + b³");
}

TEST_CASE("each number has a formula of its own") {
  const Formulas formulas =
      find_formulas({{"w", range(1, 20)}}, [](const Point& p) { return costing(count(p[0] * p[0] * 4), count(p[0])); });
  REQUIRE(formulas.rows.size() == 2);
  CHECK(law_text(formulas.laws[formulas.total[1]], formulas.variables) == "w");
  CHECK(law_text(formulas.laws[formulas.rows[1].laws[0]], formulas.variables) == "4·w²");
  CHECK(law_text(formulas.laws[formulas.rows[0].laws[0]], formulas.variables) == "0");
  CHECK(formulas.samples > formulas.through);
}

std::string refusal(std::vector<Variable> variables, std::int64_t (*macs)(const Point&)) {
  try {
    found_macs(std::move(variables), macs);
  } catch (const Error& error) {
    return error.what();
  }
  return "none";
}

TEST_CASE("what is no polynomial is refused with the smallest size that breaks it") {
  const auto padded = [](const Point& p) { return (p[0] + 7) / 8 * 8; };  // to a multiple of 8
  CHECK(refusal({{"n", range(1, 40)}}, padded)
            .starts_with(
                "the MACs of Net are no polynomial: what holds for n = 1 to 3 would be 8 at n=9, where it is 16; "));
  const auto late = [](const Point& p) { return p[0] < 39 ? p[0] : p[0] + 1; };  // at the last size alone
  CHECK(refusal({{"n", range(1, 40)}}, late).find("would be 39 at n=39, where it is 40") != std::string::npos);
  std::vector<std::int64_t> in_steps;
  for (std::int64_t n = 8; n < 80; n += 8) in_steps.push_back(n);
  CHECK(found_macs({{"n", in_steps}}, padded) == "n");
}

TEST_CASE("what cannot be asked") {
  CHECK(refusal({}, [](const Point&) -> std::int64_t { return 1; }) == "say what varies, such as batch=range(1, 9)");
  CHECK(refusal({{"b", {4, 4, 2}}}, [](const Point&) -> std::int64_t { return 1; }) ==
        "b has 2 values: a formula needs at least 3, two to go through and one to confirm it");
  const auto other_modules = [](const Point& p) {
    Report report = costing(1, 1);
    if (p[0] > 3) report.rows.pop_back();
    return report;
  };
  CHECK_THROWS_WITH_AS(find_formulas({{"b", range(1, 9)}}, other_modules),
                       "Net has other modules at b=4 than at b=1: no formula covers both", Error);
  const auto raises = [](const Point& p) -> Report { throw Error("no forward for " + std::to_string(p[0])); };
  CHECK_THROWS_WITH_AS(find_formulas({{"b", range(3, 9)}}, raises), "at b=3: no forward for 3", Error);
}

}  // namespace
}  // namespace thoplw
