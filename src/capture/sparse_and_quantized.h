// What sparse, nested and quantized tensors hold. Their sizes alone do not tell.
#pragma once

#include <optional>

#include "capture/torch_api.h"

namespace thoplw::capture {

struct Held {
  Dims sizes;                ///< of a nested tensor: the largest of each dimension
  std::int64_t stored = -1;  ///< see Tensor::stored
};

/// Of a sparse, nested or otherwise laid out tensor; nothing for a plain one.
std::optional<Held> held_by(const TorchApi& api, nb::handle tensor);

/// The sizes of each part of a nested tensor, one after another; nothing for others, and where they are not known.
Dims sizes_of_parts(const TorchApi& api, nb::handle tensor);

/// The tensors inside of a torch.ScriptObject, such as the packed weights of a quantized layer, in order. Weights are
/// unpacked, which copies them.
std::vector<nb::object> unpacked(const TorchApi& api, nb::handle script_object);

}  // namespace thoplw::capture
