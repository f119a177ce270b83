// Operators that exporters write whole, and that run as several others in a live model.
#pragma once

#include <string_view>

namespace thoplw::pt2 {

/// The operator of the rule table that does the work of a composite one, by name: aten::_fft_r2c for aten::fft_rfft2.
/// The name itself where it is none.
std::string_view part_of(std::string_view op);

}  // namespace thoplw::pt2
