// Memory over time in a saved report.
#pragma once

#include <vector>

#include "report/report.h"
#include "report/saved/node.h"

namespace thoplw::saved {

Training training(const Node& node, const std::vector<Row>& rows);
Inference inference(const Node& node, const std::vector<Row>& rows);

}  // namespace thoplw::saved
