// Reports made by hand, for the tests of the renderers and their golden files.
#pragma once

#include <array>
#include <string_view>

#include "report/report.h"

namespace thoplw {

/// One convolution, a block with an attention product of its own (a root with a parameter of its own) and a head.
Report small_report();

/// A lower bound in the billions, with names that no format can take as they are, and modules that never ran.
Report hostile_report();

struct Sample {
  std::string_view name;
  Report (*report)();
};
inline constexpr std::array kSamples = {Sample{"small", small_report}, Sample{"hostile", hostile_report}};

/// A row of a report; its parent is found by path.
Row& add_row(Report& report, std::string path, std::string cls, Dims in, Dims out, Count macs, Count params);

/// Sums own counts up into subtrees and totals.
void add_totals(Report& report);

/// Gives the row at that place so many bytes, a quarter of which are parameters that are trained; the others have none.
void hold(Report& report, std::size_t at, std::uint64_t bytes);

}  // namespace thoplw
