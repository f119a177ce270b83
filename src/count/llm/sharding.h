// What of a model each device has and does, by the plan that transformers itself goes by.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "count/llm/passes.h"
#include "count/llm/styles.h"
#include "report/llm.h"

namespace thoplw {

/// Bytes that a device sends.
struct SentBytes {
  Count ring;  ///< by the usual algorithms, in which devices pass on what they got
  Count
      least;  ///< no device can do with less: switches may add up and copy, and tokens may stay where their experts are
};

class Sharding {
 public:
  /// Throws Error where the model has no plan for what is asked.
  Sharding(const LlmPasses& passes, const PassParts& parts, const Split& devices);

  /// Elements of a parameter or buffer on one device, if `all` of them take part.
  Count elements(Id value) const;
  bool is_divided(Id value) const { return at(cuts_, value).parts > 1; }
  /// How many devices share each layer.
  std::uint32_t devices() const { return devices_.tensor; }
  /// Does each of them do only its part of the operator?
  bool divides(const Op& op) const;
  /// Among how many devices a result is divided; sums of which each has a part are as large as the whole.
  std::uint32_t parts_of(Id value) const { return at(split_, value) && !at(summed_, value) ? devices_.tensor : 1; }
  /// Elements of a tensor of the cache on one device: heads, or channels, are the second dimension.
  Count cache_elements(Id value) const;

  /// Which group of devices has a module, or runs an operator.
  std::uint32_t stage_of_module(Id module) const { return at(stages_, module); }
  std::uint32_t stage_of_op(const Op& op) const { return stage_of_module(at(trace_.calls, op.call).module); }

  /// Bytes that a device of the group sends in a pass. `chosen` is how many experts a token goes to, by module.
  SentBytes sent(const OpRange& pass, std::uint32_t stage, const std::vector<Count>& chosen) const;

 private:
  /// A dimension that is divided among so many devices.
  struct Cut {
    std::size_t dim = 0;
    std::uint32_t parts = 1;
  };

  void read_plan();
  void find_split_values();
  void find_stages();
  void cut(const Param& param, const Style& style);
  const Style* style_of(std::string path);
  std::string path_of(Id module) const;  ///< within the model
  Count bytes_of_first(const std::vector<Id>& values) const;

  const Trace& trace_;
  const LlmPasses& passes_;
  const PassParts& where_;
  Split devices_;
  std::vector<Cut> cuts_;                   ///< by value, of parameters and buffers
  std::vector<const Style*> module_style_;  ///< by module; null: none
  std::vector<bool> split_;                 ///< by value: each device has only a part of it, or of the sums in it
  std::vector<bool> summed_;                ///< by value: of the sums in it
  std::vector<std::uint32_t> stages_;       ///< by module
  std::vector<Id> entries_;                 ///< by stage but the first: the layer that gets what the one before sends
};

}  // namespace thoplw
