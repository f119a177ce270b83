// A table of layers as Python has it.
#pragma once

#include <memory>

#include "report/report.h"

namespace thoplw {

/// A report, and what it was counted from, to be counted again; null where it was saved.
struct LayerInfo : Report {
  std::shared_ptr<const Trace> trace;
};

}  // namespace thoplw
