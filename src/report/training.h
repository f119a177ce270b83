// What a step of training needs besides what its rows tell.
#pragma once

#include <cstdint>
#include <string>

#include "report/memory.h"

namespace thoplw {

struct Training : MemoryOverTime {  ///< of a step after the first
  std::string optimizer;
  std::string precision;
  std::string attention;  ///< the kernel that attention is taken to run; empty: there is none
  std::string processor;  ///< "cpu" or "cuda"
  std::uint32_t accumulate = 1;
  Count masters;          ///< bytes
  Count transient;        ///< bytes that the optimizer's step makes and frees
  Count forward_peak;     ///< bytes at most alive in a forward without gradients: parameters, buffers, inputs too
  Count peak_first_step;  ///< bytes at most alive in the first step, when the optimizer has no states yet

  bool operator==(const Training&) const = default;
};

}  // namespace thoplw
