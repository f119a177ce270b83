// How long a model needs on a device at least, besides what its rows tell.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "base/count.h"

namespace thoplw {

/// Times are in picoseconds.
struct Timing {
  std::string device;                ///< "h100-sxm"
  std::string title;                 ///< "NVIDIA H100 SXM"
  std::string type;                  ///< that everything is computed and held in: "bf16"; empty: the types of the model
  Count arithmetic;                  ///< of all multiply-adds at the peak
  Count memory;                      ///< to move `bytes` once
  Count useful;                      ///< of a training step: arithmetic without what checkpoints compute again
  Count step;                        ///< how long that step took; 0: not said
  Count estimate;                    ///< of each operator the longer of arithmetic and memory
  Count bytes;                       ///< weights and inputs as far as they are read, and what comes out: each once
  bool arithmetic_exact = true;      ///< false: a lower bound, as no figure is public for a type, or not all is counted
  bool memory_known = true;          ///< false: nothing public says how fast its memory is
  std::vector<std::string> untimed;  ///< types without a public figure

  /// Nothing takes less time.
  Count least() const { return std::max(arithmetic, memory); }
  bool operator==(const Timing&) const = default;
};

}  // namespace thoplw
