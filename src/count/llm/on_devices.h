// A language model on its devices: what all counting of it reads.
#pragma once

#include <cstdint>
#include <vector>

#include "count/llm/llm.h"
#include "count/llm/passes.h"
#include "count/llm/sharding.h"

namespace thoplw {

struct OnDevices {
  OnDevices(const LlmPasses& passes, const LlmPlan& plan);

  const LlmPasses& passes;
  const LlmPlan& plan;
  PassParts parts;
  Sharding sharding;
  std::uint32_t stages;       ///< groups of devices, one after the other
  std::int64_t sequences;     ///< that go through the model at once
  std::int64_t groups;        ///< of so many sequences that a replica has, to keep all stages busy
  std::vector<Count> active;  ///< by Trace::params: elements that the average token goes through

  const Tensor& tensor(Id value) const { return at(passes.trace.values, value); }
  /// That of the first matrix.
  DType compute_type() const;
  /// Bits of an element as it is stored.
  int bits_of_weight(Id value) const;
  int bits_of_cache(std::size_t part) const;
};

Count bytes_of(Count elements, int bits);

/// The amount of the stage that has most.
Count most(const std::vector<Count>& by_stage);

/// Bytes of the cache on one device of each stage.
struct CacheByStage {
  std::vector<Count> bytes;  ///< of the sequences that go through at once
  std::vector<Count> grows;  ///< of those, by one token more
};

/// Bytes on one device of each stage.
std::vector<Count> count_weights(const OnDevices& model, Llm& llm);
CacheByStage count_cache(const OnDevices& model, Llm& llm);

/// Work, traffic, bytes sent and time of both passes.
void count_both_passes(const OnDevices& model, const CacheByStage& cache, Llm& llm);

}  // namespace thoplw
