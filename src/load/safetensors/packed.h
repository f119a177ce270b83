// Weights that a quantizer packed, several to a word: how many there are, and which tensors beside them are no weights.
#pragma once

#include "load/safetensors/header.h"

namespace thoplw::safetensors {

/// Sets `packed` and `parameter` of the tensors that the names of others tell to be of a quantized layer.
/// What it returns are notes.
std::vector<std::string> unpack(Weights& weights);

}  // namespace thoplw::safetensors
