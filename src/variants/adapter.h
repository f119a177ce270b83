// The modules and weights that peft puts at a linear layer.
#pragma once

#include "variants/variants.h"

namespace thoplw {

/// The modules and weights of an adapter.
struct Adapter {
  Id base = kNone, dropout = kNone, down = kNone, up = kNone;  ///< modules; in peft: lora_A, lora_B
  Id down_weight = kNone, up_weight = kNone;                   ///< values
};

/// Makes the module one with an adapter; what it was is inside of that. New modules are at the end of the trace. Throws
/// Error where the module is no linear layer.
Adapter adapted(Trace& trace, Id module, const Lora& lora);

}  // namespace thoplw
