// What other tools say that a step of training computes: what they count of its backward, or the factor that they take.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "count/training/plan.h"
#include "trace/trace.h"

namespace thoplw {

struct ToolTotal {
  std::string_view tool;
  std::optional<Count> flops;  ///< of one step; none where the tool says nothing of such a model
  std::string why;             ///< why it is not what the step computes

  bool operator==(const ToolTotal&) const = default;
};

/// The first one is exact, in FLOPs of its products. Throws Error as count_planned does.
std::vector<ToolTotal> tool_totals(const Trace& trace, const TrainingPlan& plan);

}  // namespace thoplw
