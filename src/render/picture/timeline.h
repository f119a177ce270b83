// Memory over time, as a picture.
#pragma once

#include <string>

#include "report/report.h"

namespace thoplw {

/// SVG: what is alive while each operator of the forward runs, and of a training step those of the backward and the
/// optimizer's step, coloured by what it is, with the layer at the peak named. `on_page`: without a background, in the
/// colours of the page around it. Throws Error where the report has no memory over time.
std::string timeline_svg(const Report& report, bool on_page = false);

}  // namespace thoplw
