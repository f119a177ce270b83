// Which tensors of a file are parameters, whose they are, and what folding did to them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/onnx/model.h"
#include "load/onnx/scopes.h"
#include "load/trace_builder.h"

namespace thoplw::onnx {

class Weights {
 public:
  Weights(const Model& model, const Scopes& scopes, TraceBuilder& trace);

  /// Is it a parameter or a buffer, as the node uses it?
  bool is_weight(const TensorData& tensor, const Node& node, std::size_t slot, const Frames& stack);
  /// What a node reads as its input number `slot`: the tensor, as a value of the trace. A running mean that shares its
  /// tensor with another parameter, as exporters do where both hold the same numbers, gets a value of its own.
  Id read(const TensorData& tensor, Id value, const Node& node, std::size_t slot, const Frames& stack);
  /// The number of a tensor in the file's own list, unless it is a parameter or a buffer.
  std::optional<std::size_t> constant(const TensorData& tensor) const;
  /// Adds all parameters in the order of the file, and says what is odd about them.
  void finish();

 private:
  enum class Kind : std::uint8_t { unknown, parameter, buffer, constant };
  struct Entry {
    const TensorData* tensor = nullptr;
    std::string name;
    Kind kind = Kind::unknown;
    Id value = kNone;
    std::vector<std::string> before, after;  ///< other names of it, by modules that read it before and after its own
    bool lost = false;  ///< `name` is made up of the module that reads it and the name of a constant
    bool owner_ran = false;
    std::size_t first_read = static_cast<std::size_t>(-1);
  };
  Entry& entry(const TensorData& tensor);
  Kind kind_by_name(const TensorData& tensor) const;
  Kind kind_by_use(const TensorData& tensor, const Node& node, std::size_t slot) const;
  void settle(Entry& entry, const Node& node, std::size_t slot, const Frames& stack);
  void tie(Entry& entry, const Node& node, std::size_t slot, const Frames& stack);
  Id statistic(const TensorData& tensor, Id value, std::size_t slot, const Frames& stack);
  void note_folding(const TensorData& tensor, const Node& node, std::size_t slot);
  void note_all();

  const Model& model_;
  const Scopes& scopes_;
  TraceBuilder& trace_;
  bool from_torch_ = false;
  std::unordered_map<std::string_view, std::string_view> roles_;
  std::unordered_map<const TensorData*, std::size_t> index_;
  std::vector<Entry> entries_;
  std::map<std::string, Id, std::less<>> statistics_;  ///< running means and variances with values of their own
  std::size_t reads_ = 0;
  std::vector<std::string_view> lost_, left_out_;
  std::set<std::string_view> folded_;  ///< weights of convolutions that a batch norm was folded into
};

}  // namespace thoplw::onnx
