// The weights of an archive: the tensors of the state dict, and which names share one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "load/file/zip.h"
#include "trace/tensor.h"

namespace thoplw::pt2 {

/// One name of the state dict.
struct Stored {
  std::string name;
  bool parameter = false;
  bool trainable = false;
  Tensor tensor;
  /// Which part of which storage it is; equal for names that are tied. Empty where the archive has no weights.
  std::string storage;
};

/// The state dict of the program at `root`/models/`model`.json, or of a flat archive where `model` is empty. Empty
/// where the archive does not say. Throws Error with the entry.
std::vector<Stored> stored_weights(const ZipArchive& archive, const std::string& root, const std::string& model);

/// From a pickle of a dict of tensors, as torch.save writes it. Throws Error.
std::vector<Stored> pickled_weights(std::string_view pickle);

/// Of the number in a TensorMeta: 7 is float32.
DType dtype_of(std::int64_t scalar_type);

}  // namespace thoplw::pt2
