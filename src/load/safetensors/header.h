// The header of a .safetensors file: the type and sizes of each tensor. The weights behind it are not read.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "load/load.h"

namespace thoplw::safetensors {

struct Stored {
  std::string name;  ///< "model.embed_tokens.weight"
  Tensor tensor;
  Count bits;                          ///< that all of its elements take
  std::optional<std::int64_t> packed;  ///< how many weights its elements hold, where a quantizer packed them
  bool parameter = true;               ///< false: of a quantizer, such as scales
};

/// What one header lists, or those of all shards.
struct Weights {
  std::vector<Stored> tensors;                               ///< in the order of the files
  std::map<std::string, std::size_t, std::less<>> by_name;   ///< places in `tensors`
  std::vector<std::pair<std::string, std::string>> aliases;  ///< "lm_head.weight", stored as another name says
};

constexpr std::uint64_t kLongestHeader = 100'000'000;  ///< bytes: the format's own limit

/// Adds what the header of `file` lists. Throws Error("tensor 'w' ...").
void read_header(const ModelFile& file, Weights& weights);

/// The model that the weights are of, with a row for each.
Trace trace_of(Weights weights, const std::string& path);

}  // namespace thoplw::safetensors
