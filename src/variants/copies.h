// Copies of weights that autocast makes.
#pragma once

#include "trace/trace.h"

namespace thoplw {

/// Of weights that are trained, autocast keeps its copies to the end of the forward. Where weights have been frozen in
/// a trace under autocast, their copies are gone after the last operator that reads them.
void let_go_of_frozen_copies(Trace& trace);

}  // namespace thoplw
