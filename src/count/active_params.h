// How many parameters take part in the work of one token: routers choose some experts and leave the others.
#pragma once

#include <vector>

#include "trace/usage.h"

namespace thoplw {

struct Active {
  Count active;  ///< what the average token goes through
  Count all;     ///< what is there for it
};

/// Parameters of used modules, tied once. Of one that is used in parts (experts stacked in one tensor), and of experts
/// that are in a list, only what the average token went through counts. Embeddings count whole, as is usual.
Active active_params(const Trace& trace, const Usage& usage);

/// The same of each of Trace::params, in elements.
std::vector<Count> active_elements(const Trace& trace);

}  // namespace thoplw
