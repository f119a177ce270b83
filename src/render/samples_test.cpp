// Builds the reports made by hand.
#include "render/samples_test.h"

#include <doctest/doctest.h>

namespace thoplw {

Row& add_row(Report& report, std::string path, std::string cls, Dims in, Dims out, Count macs, Count params) {
  Row row;
  for (std::size_t i = 0; i < report.rows.size(); ++i) {
    const Row& around = report.rows[i];
    if (!around.path.empty() && !path.starts_with(around.path + ".")) continue;
    row.parent = static_cast<Id>(i);
    row.depth = around.depth + 1;
  }
  row.path = std::move(path);
  row.cls = std::move(cls);
  row.in = Tensor{DType::f32, std::move(in)};
  row.out = Tensor{DType::f32, std::move(out)};
  row.calls = 1;
  row.own[Measure::macs] = macs;
  row.own[Measure::params] = params;
  row.listed = true;
  return report.rows.emplace_back(std::move(row));
}

void add_totals(Report& report) {
  add_up(report);
  for (const Row& row : report.rows) report.exact = report.exact && row.exact;
  report.all_params = report.total[Measure::params];
  report.active_params = report.total[Measure::params];
  report.trainable_params = report.total[Measure::params];
}

void hold(Report& report, std::size_t at, std::uint64_t bytes) {
  const std::size_t many = report.rows.size();
  REQUIRE(at < many);
  for (Row& row : report.rows) row.known.set();
  report.known.set();
  for (const auto& [measure, amount] : {std::pair(Measure::bytes, bytes), std::pair(Measure::trainable, bytes / 4)}) {
    report.rows[at].own[measure] = report.total[measure] = amount;
    for (Id id = static_cast<Id>(at); id != kNone; id = report.rows[static_cast<std::size_t>(id)].parent) {
      report.rows[static_cast<std::size_t>(id)].inside[measure] = amount;
    }
  }
}

Report small_report() {
  Report report;
  report.model = "Net";
  report.convention = "thoplw";
  add_row(report, "", "Net", {1, 3, 8, 8}, {1, 10}, 0, 8);  // a parameter of its own
  Row& conv = add_row(report, "conv", "Conv2d", {1, 3, 8, 8}, {1, 8, 6, 6}, 7784, 224);
  conv.work[Kind::contraction] = 7776;  // 8*3*3*3 * 6*6, and 8 of the bias
  conv.work[Kind::bias] = 288;          // 8*6*6
  add_row(report, "block", "Block", {1, 8, 6, 6}, {1, 8, 6, 6}, 20736, 0).work[Kind::contraction] =
      20736;  // 2 * 36*36*8
  add_row(report, "block.act", "ReLU", {1, 8, 6, 6}, {1, 8, 6, 6}, 0, 0).work[Kind::activation] = 288;
  Row& mlp = add_row(report, "block.mlp", "Sequential", {1, 36, 8}, {1, 36, 8}, 0, 0);
  mlp.listed = false;
  Row& inner = add_row(report, "block.mlp.0", "Linear", {1, 36, 8}, {1, 36, 8}, 2592, 72);  // 36 * (8*8 + 8)
  inner.work[Kind::contraction] = 2304;                                                     // 36 * 8*8
  inner.work[Kind::bias] = 288;
  Row& head = add_row(report, "head", "Linear", {288}, {}, 2890, 2890);  // 288*10 + 10
  head.work[Kind::contraction] = 2880;
  head.work[Kind::bias] = 10;
  add_totals(report);
  return report;
}

Report hostile_report() {
  Report report;
  report.model = "Net<int, \"|\">";
  report.convention = "thoplw";
  add_row(report, "", report.model, {2, 3, 224, 224}, {2, 1000}, 0, 0).listed = false;
  add_row(report, "a|b,c", "Conv2d", {2, 3, 224, 224}, {2, 64, 112, 112}, 1234567890, 9408);
  add_row(report, "say \"hi\"", "__Bn__", {2, 64, 112, 112}, {2, 64, 112, 112}, 999999, 256);
  add_row(report, "line\nbreak\x1b[31m", "Odd`*[x]\\", {2}, {2}, 1000, 0);
  add_row(report, "層", "Wide", {2, 64}, {2, 64}, 18, 1).exact = false;
  Row& list = add_row(report, "e\u0301", "ModuleList", {}, {}, 0, 0);  // e and a combining accent
  list.in.reset();
  list.out.reset();
  list.calls = 0;
  list.listed = false;
  add_row(report, "e\u0301.0", "Linear", {2, 64}, {2, 1000}, 130000, 65000).exact = false;
  add_row(report, "e\u0301.\xff", "Linear", {2, 64}, {2, 1000}, 130000, 65000);
  report.uncounted = {{"my|lib::op", "層", 1}, {"lib::other", "e\u0301.0", 2}, {"my|lib::op", "e\u0301.0", 3}};
  report.not_run = {"aux1", "aux2"};
  report.notes = {"ran for real: 'item' wants a value"};
  add_totals(report);
  report.all_params = report.total[Measure::params] + 5000;  // of the modules that never ran
  report.active_params = report.total[Measure::params];
  report.trainable_params = report.total[Measure::params];
  report.buffers = 128;
  return report;
}

}  // namespace thoplw
