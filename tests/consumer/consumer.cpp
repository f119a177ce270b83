// Counts one matrix product through the installed library, prints the Markdown table, and opens the file that it is
// given.
#include <thoplw.h>

#include <iostream>

int main(int argc, char** argv) {
  const thoplw::Trace trace = thoplw::parse_trace(R"(thoplw trace 1
model "Product"
source "by hand"
class Product : 
module "" Product
call "" (%0:f32[4,5], %1:f32[5,6]) -> (%2:f32[4,6]) {
  aten::mm(%0:f32[4,5], %1:f32[5,6]) -> %2:f32[4,6]
}
)");
  const thoplw::Report report = thoplw::count(trace, thoplw::find_convention("thoplw"));
  std::cout << thoplw::render_report(report, thoplw::find_renderer("md"), {});
  if (argc > 1) std::cout << thoplw::load(argv[1]).model << "\n";
  return report.total[thoplw::Measure::macs] == thoplw::Count(4 * 5 * 6) ? 0 : 1;
}
