// What a language model needs to read a prompt and to add a token to it: work, memory, and what no device can beat.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/count.h"

namespace thoplw {

/// How devices share a model.
struct Split {
  std::uint32_t count = 0;     ///< how many devices there are; 0: as many as share the model once
  std::uint32_t tensor = 1;    ///< devices that share each layer
  std::uint32_t pipeline = 1;  ///< groups of devices, each with some of the layers
  std::uint32_t expert = 1;    ///< devices that share the experts; 1: experts are shared as other layers are

  /// How many times the whole model is there.
  std::uint32_t replicas() const { return devices() / (tensor * pipeline); }
  std::uint32_t devices() const { return count == 0 ? tensor * pipeline : count; }
  bool operator==(const Split&) const = default;
};

/// An amount of the model and the whole batch, as one large device would have it, and that of the device with the most.
struct Shared {
  Count whole, device;

  bool operator==(const Shared&) const = default;
};

/// What a pass waits for.
enum class LlmLimit : std::uint8_t { arithmetic, memory, links };

constexpr std::string_view name(LlmLimit limit) {
  return limit == LlmLimit::arithmetic ? "arithmetic" : limit == LlmLimit::memory ? "memory" : "links between devices";
}

/// The prompts of a batch, or one token more for each of them.
struct LlmPass {
  Shared macs;         ///< multiply-adds of products, as the model's own forward does them
  Count attention;     ///< of these, products of two activations
  Count again;         ///< of these, products with weights that work out anew what the cache keeps in a shorter form
  Shared traffic;      ///< bytes that are read and written at least: weights once, the cache once
  Count even_traffic;  ///< the same of a device, if tokens are spread evenly over experts
  Shared activations;  ///< bytes at most alive, besides weights and the cache as it is after the prompts
  Count sent;          ///< bytes that a device sends to others
  double seconds = 0;  ///< at least; 0: nothing says what the device can do
  LlmLimit limit = LlmLimit::arithmetic;  ///< what takes this long
  std::vector<std::string> uncounted;     ///< operators without a rule: the work is a lower bound

  bool operator==(const LlmPass&) const = default;
};

/// A tensor of the cache.
struct CachePart {
  std::string name;  ///< "layers.0.keys"
  Shared bytes;
  Shared grows;  ///< bytes that a token adds to it, of one sequence

  bool operator==(const CachePart&) const = default;
};

struct Llm {
  std::string model;
  std::int64_t context = 0;    ///< tokens of each prompt
  std::int64_t batch = 0;      ///< sequences
  std::int64_t positions = 0;  ///< for which the model was made; 0: not known
  Split split;
  std::string dtype;     ///< of matrices
  std::string kv_dtype;  ///< of keys and values; empty: that of the model
  std::string device;    ///< its name for people; empty: none was named
  Count memory;          ///< bytes that a device has; 0: not known
  Count link;            ///< bytes a second that a device can send to others; 0: not known
  Shared parameters;
  Count active;      ///< parameters that take part in the work of one token
  Shared weights;    ///< bytes, with those of buffers
  Count replicated;  ///< of these, what each device that shares layers has whole
  Shared cache;      ///< bytes, of all sequences at that context
  Shared grows;      ///< bytes that a token of one sequence adds
  Shared needed;     ///< bytes of weights, cache, and the activations of the pass that has more of them
  std::vector<CachePart> parts;
  LlmPass prefill, decode;
  std::optional<std::int64_t> prompts;          ///< that are read at once; none: those of all sequences
  std::optional<std::int64_t> largest_batch;    ///< at that context
  std::optional<std::int64_t> largest_context;  ///< with that batch
  std::vector<std::string> notes;

  bool fits() const { return memory == 0 || needed.device <= memory; }
  bool operator==(const Llm&) const = default;
};

}  // namespace thoplw
