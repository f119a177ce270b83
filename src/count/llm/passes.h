// The passes of a language model: it reads a prompt, then one token more, with a cache between them.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// A trace of a module that has the model in it and calls it twice. Between the calls, and after the second, it marks
/// each tensor of the cache by an `aten::alias` of its own.
struct LlmPasses {
  Trace trace;
  std::vector<std::string> cache, cache_after;     ///< names of the tensors that are marked first, and after that
  std::map<std::string, std::string> tensor_plan;  ///< transformers' style by path, with * for numbers
  std::map<std::string, std::string> expert_plan;  ///< the same where experts are spread over devices
  std::int64_t positions = 0;                      ///< for which the model was made; 0: not known
  std::int64_t heads = 0;                          ///< of queries; 0: not known
};

/// Runs the model on that many sequences of that many tokens.
using LlmModel = std::function<LlmPasses(std::int64_t batch, std::int64_t context)>;

/// Its operators are ops[first_op, end_op).
struct OpRange {
  Id first_op = 0, end_op = 0;
};

/// Where in the trace is what.
struct PassParts {
  Id root = kNone;  ///< the module of the model itself
  OpRange prefill, decode;
  std::vector<Id> before, after;  ///< values of the cache's tensors, before the second call and after it, by name
  std::vector<Id> added;          ///< those that the second call added
};

/// Throws Error where the trace is not such a one.
PassParts parts_of(const LlmPasses& passes);

}  // namespace thoplw
