// The memory of a training step over time, as a picture.
#pragma once

#include <string>

#include "report/report.h"

namespace thoplw {

/// SVG: what is alive while each operator of the forward and of the backward runs, and in the optimizer's step,
/// coloured by what it is, with the layer at the peak named. `on_page`: without a background, in the colours of the
/// page around it. Throws Error where the report is of no training step, or where its memory was not observed.
std::string timeline_svg(const Report& report, bool on_page = false);

}  // namespace thoplw
