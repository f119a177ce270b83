// Limits are kept to the last unit: exactly at one is within it, one more is over.
#include "report/budget.h"

#include <doctest/doctest.h>

#include "render/samples_test.h"

namespace thoplw {
namespace {

Budget budget_of(std::vector<std::pair<Measure, Count>> limits, Percent growth) {
  Budget budget{.limits = {}, .growth = growth};
  for (const auto& [measure, most] : limits) budget.limits[measure] = most;
  return budget;
}

/// One layer with that many MACs and parameters.
Report costing(Count macs, Count params) {
  Report report;
  report.model = "Net";
  report.convention = "thoplw";
  add_row(report, "", "Net", {1, 4}, {1, 4}, 0, 0);
  add_row(report, "fc", "Linear", {1, 4}, {1, 4}, macs, params);
  add_up(report);
  return report;
}

Standing of_macs(Count used, const char* most) {
  return standing(check(costing(used, 1), budget_of({{Measure::macs, parse_amount(most)}}, {}), nullptr));
}

Standing after_growth(Count macs, Count base, const char* tolerance) {
  const Report baseline = costing(base, 1000);
  return standing(check(costing(macs, 1000), budget_of({}, parse_percent(tolerance)), &baseline));
}

}  // namespace

TEST_CASE("at a limit is within it, one more is over") {
  CHECK(of_macs(2'000'000'000, "2G") == Standing::within);
  CHECK(of_macs(2'000'000'001, "2G") == Standing::over);
  CHECK(of_macs(1'100'000'000, "1.1G") == Standing::within);
  CHECK(of_macs(1'100'000'001, "1.1G") == Standing::over);
  CHECK(of_macs(9'007'199'254'740'993, "9007199254740992") ==
        Standing::over);  // 2^53 + 1: no double tells the two apart
  CHECK(of_macs(18446744073709551615U, "18446744073709551615") == Standing::within);
  CHECK(of_macs(0, "0") == Standing::within);
  CHECK(of_macs(1, "0") == Standing::over);
  const auto params = [](Count used) {
    return standing(check(costing(1, used), budget_of({{Measure::params, Count(12'000'000)}}, {}), nullptr));
  };
  CHECK(params(12'000'000) == Standing::within);
  CHECK(params(12'000'001) == Standing::over);
}

TEST_CASE("a tolerance is kept to the last unit, too") {
  CHECK(after_growth(1000, 1000, "0%") == Standing::within);
  CHECK(after_growth(1001, 1000, "0%") == Standing::over);
  CHECK(after_growth(1010, 1000, "1%") == Standing::within);
  CHECK(after_growth(1011, 1000, "1%") == Standing::over);
  CHECK(after_growth(100, 99, "1%") == Standing::over);  // 99.99 are allowed
  CHECK(after_growth(500, 1000, "0%") == Standing::within);
  CHECK(after_growth(1, 0, "100%") == Standing::over);
  CHECK(after_growth(9'097'271'247'288'401, 9'007'199'254'740'992, "1%") ==
        Standing::within);  // 2^53 * 1.01 = ...401.92
  CHECK(after_growth(9'097'271'247'288'402, 9'007'199'254'740'992, "1%") == Standing::over);
}

TEST_CASE("each limit has its own use") {
  const Report baseline = small_report();
  const Verdict verdict =
      check(small_report(), budget_of({{Measure::macs, Count(34002)}, {Measure::params, Count(3193)}}, {}), &baseline);
  REQUIRE(verdict.uses.size() == 4);  // MACs and parameters, against limits and against the baseline
  CHECK(verdict.uses[0].standing() == Standing::within);
  CHECK(verdict.uses[1].standing() == Standing::over);
  CHECK(verdict.uses[2].standing() == Standing::within);
  CHECK(verdict.uses[3].most == Count(3194));
  CHECK(standing(verdict) == Standing::over);
}

TEST_CASE("the costliest rows are to blame for a limit") {
  const Verdict verdict = check(small_report(), budget_of({{Measure::macs, Count(1)}}, {}), nullptr);
  std::vector<std::string> paths;
  for (const Blame& blame : verdict.uses.at(0).blame) paths.push_back(blame.path);
  CHECK(paths == std::vector<std::string>{"block", "conv", "head", "block.mlp.0"});  // 20736, 7784, 2890, 2592
}

TEST_CASE("the rows that grew most are to blame for a baseline") {
  Report after = small_report();
  after.rows[1].own[Measure::macs] += 10;    // conv
  after.rows[6].own[Measure::macs] += 300;   // head
  after.rows[2].own[Measure::macs] = 20000;  // block costs less: not to blame
  after.total[Measure::macs] = 34002 + 10 + 300 - 736;
  add_row(after, "extra", "Linear", {1, 4}, {1, 4}, 1000, 0);
  after.total[Measure::macs] += 1000;
  const Report baseline = small_report();
  const Verdict verdict = check(after, {}, &baseline);
  const std::vector<Blame>& blame = verdict.uses.at(0).blame;
  REQUIRE(blame.size() == 3);
  CHECK(blame[0].path == "extra");
  CHECK(blame[0].growth == 1000);
  CHECK(blame[1].path == "head");
  CHECK(blame[1].growth == 300);
  CHECK(blame[2].path == "conv");
  CHECK(blame[2].amount == Count(7794));
}

TEST_CASE("a lower bound is never within a limit of MACs; it may be over, and parameters are known") {
  const Report report = hostile_report();  // >=1235828907 MACs, 139665 parameters
  const auto with = [&](Budget budget) { return check(report, budget, nullptr); };
  const Verdict unknown = with(budget_of({{Measure::macs, Count(2'000'000'000)}}, {}));
  CHECK(standing(unknown) == Standing::unknown);
  CHECK(unknown.notes == std::vector<std::string>{"no rule counts my|lib::op in 層",
                                                  "no rule counts lib::other in e\u0301.0",
                                                  "no rule counts my|lib::op in e\u0301.0"});
  CHECK(standing(with(budget_of({{Measure::macs, Count(1'000'000'000)}}, {}))) == Standing::over);
  CHECK(standing(with(budget_of({{Measure::params, Count(200'000)}}, {}))) == Standing::within);
  CHECK(standing(check(report, {}, &report)) == Standing::unknown);
}

TEST_CASE("without a limit there is nothing to check") {
  CHECK_THROWS_WITH_AS(check(small_report(), {}, nullptr),
                       "there is no budget to check: give --max-macs, --max-params, --max-memory or --baseline", Error);
}

}  // namespace thoplw
