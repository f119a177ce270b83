// What is said of memory as a whole.
#pragma once

#include <string>
#include <vector>

#include "report/report.h"

namespace thoplw {

/// Sentences on the memory of a forward; none where the report is not of that.
std::vector<std::string> memory_lines(const Report& report);

/// "46.80 MB for weights, 0.04 MB for buffers, ...": what the peak of a forward holds.
std::string parts_of_peak(const Inference& inference);

/// "12.85 MB by conv1 (aten::conv2d), ... and 3 more with 1.20 MB": those that an operator made.
std::string largest_pieces(const std::vector<Alive>& pieces);

/// "; workspaces of kernels, ... come on top" after what is taken for granted.
std::string assumed_line(const std::string& processor, const std::string& attention, const std::string& precision,
                         const std::string& more = "");

/// 25769803776 -> "25.77 GB".
std::string bytes_text(Count bytes);

}  // namespace thoplw
