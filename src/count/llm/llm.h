// What a language model needs on given devices, counted from traces of its two passes.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "count/llm/passes.h"
#include "device/device.h"
#include "report/llm.h"

namespace thoplw {

/// What is asked of a language model.
struct LlmPlan {
  std::int64_t context = 2048;
  std::int64_t batch = 1;
  Split split;
  std::optional<NumberType> dtype;       ///< of weights; none: that of the model
  std::optional<NumberType> kv_dtype;    ///< of keys and values; none: that of the model
  std::shared_ptr<const Device> device;  ///< null: none was named
  std::optional<Count> memory;           ///< bytes of a device, where they are not those of its row
  std::optional<std::int64_t> prompts;   ///< that are read at once; none: those of all sequences
  std::optional<Count> link;             ///< bytes a second to other devices, where it is not that of its row
  bool largest = true;                   ///< look for the largest batch and context that fit, where memory is known
};

/// `model` runs as often as it takes to find what fits. Throws Error where devices cannot share the model so.
Llm count_llm(const LlmModel& model, const LlmPlan& plan);

/// Of one pair of passes, run on `sequences_at_once`, and one run on as many prompts as are read at once; null: on all.
Llm count_passes(const LlmPasses& passes, const LlmPlan& plan, const LlmPasses* prompts = nullptr);

/// How many sequences of a batch go through the model at once: a replica's, or those of one of the groups that follow
/// each other through a pipeline. Throws Error where devices or the batch cannot be divided so.
std::int64_t sequences_at_once(const LlmPlan& plan);

}  // namespace thoplw
