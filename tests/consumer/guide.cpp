// The C++ of docs/ that is no program by itself: what the pages show is compiled here, and run where it needs no file.
#include <thoplw.h>

#include <cstdlib>
#include <fstream>
#include <iostream>

using thoplw::Measure;

namespace {

void sizes() {
  thoplw::Trace trace = thoplw::load("model.onnx", {.dims = {{"batch", 8}, {"seq", 512}}});
  std::cout << trace.calls.size() << "\n";
}

void rows(const thoplw::Trace& trace) {
  thoplw::Report report = thoplw::count(trace, thoplw::find_convention("exact"));
  for (const thoplw::Row& row : report.rows) {
    const thoplw::Count macs = row.own[Measure::macs];
    if (macs > 0) std::cout << row.path << " " << row.cls << " " << macs.value() << "\n";
  }
  if (!report.exact) std::cout << "a lower bound: " << report.uncounted.size() << " operators have no rule\n";
}

void convention(const thoplw::Trace& trace) {
  thoplw::Convention doubled = thoplw::find_convention("exact");
  doubled.name = "doubled";
  doubled.unit = thoplw::Unit::flop;
  doubled.prices[thoplw::Kind::contraction] = 2;
  doubled.prices[thoplw::Kind::attention] = 2;
  std::cout << thoplw::count(trace, doubled).total[Measure::macs].value() << " FLOPs\n";
}

void save(const thoplw::Report& report) {
  thoplw::RenderOptions options;
  options.numbers = thoplw::NumberFormat::clever;
  options.sort = "macs";
  thoplw::write_file("report.md", thoplw::render_report(report, thoplw::find_renderer("md"), options) + "\n");
}

}  // namespace

int main() {
  const thoplw::Trace product = thoplw::parse_trace(R"(thoplw trace 1
model "Product"
source "by hand"
class Product :
module "" Product
call "" (%0:f32[4,5], %1:f32[5,6]) -> (%2:f32[4,6]) {
  aten::mm(%0:f32[4,5], %1:f32[5,6]) -> %2:f32[4,6]
}
)");
  rows(product);
  convention(product);
  save(thoplw::count(product, thoplw::find_convention("thoplw")));
  if (std::ifstream("model.onnx")) sizes();
  return std::ifstream("report.md") ? EXIT_SUCCESS : EXIT_FAILURE;
}
