// What one pass of a language model computes, reads and sends, by group of devices.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "count/llm/passes.h"
#include "count/llm/sharding.h"

namespace thoplw {

/// Multiply-adds of products.
struct Products {
  Count weights;      ///< of an activation and weights
  Count activations;  ///< of two activations
  Count again;        ///< of `weights`, what works out anew what the cache keeps in a shorter form

  Count sum() const { return weights + activations; }
};

struct PassWork {
  Products all;                    ///< of all devices that share the model
  std::vector<Products> by_stage;  ///< of one device of each group
  std::vector<std::string> uncounted;
};

/// `cached` are the tensors that the pass finds in the cache, `lengths` the sizes that grow with the context.
PassWork work_of_pass(const LlmPasses& passes, const OpRange& pass, const Sharding& sharding, std::uint32_t stages,
                      const std::vector<Id>& cached, const std::vector<std::int64_t>& lengths);

/// What a pass reads of a parameter or buffer.
struct WeightRead {
  Id value = kNone;
  Count fetched;       ///< elements of rows that are looked up
  bool whole = false;  ///< other operators read it too
};
std::vector<WeightRead> weights_read(const Trace& trace, const OpRange& pass);

}  // namespace thoplw
