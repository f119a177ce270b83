// Which tensors of a file are parameters, whose they are, and what folding did to them.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "load/build/trace_builder.h"
#include "load/onnx/model.h"
#include "load/onnx/operators.h"
#include "load/onnx/scopes.h"

namespace thoplw::onnx {

/// A node that reads a tensor of the file, or what others made of it without changing its elements.
struct Reading {
  NodeView view;
  std::size_t slot = 0;
  const Frames& stack;
  Id value = kNone;   ///< what it reads
  Id stored = kNone;  ///< the tensor itself
  bool dequantized = false;
  bool starts = false;  ///< it is where a loop starts from
  bool bias = false;    ///< it is added to a product
};

class Weights {
 public:
  Weights(const Model& model, const Scopes& scopes, TraceBuilder& trace);

  /// Takes the value of a Constant for a tensor of the file, unless it is torch's: others keep weights there.
  /// Null where it is none.
  const TensorData* keep(const Node& constant);
  /// As far as its name and its sizes tell.
  bool may_be_weight(const TensorData& tensor);
  /// Is it a parameter or a buffer, as the node uses it?
  bool is_weight(const TensorData& tensor, const Reading& by);
  /// What the node reads, as a value of the trace. A running mean that shares its tensor with another parameter, as
  /// exporters do where both hold the same numbers, gets a value of its own; so do weights that the tensor packs.
  Id read(const TensorData& tensor, const Reading& by);
  /// Weights in attributes of the node.
  std::vector<Id> read_attributes(const Node& node, const Frames& stack);
  /// The number of a tensor in the file's own list, unless it is a parameter or a buffer.
  std::optional<std::size_t> constant(const TensorData& tensor) const;
  /// A node that counts what it reads hands the tensor on: whether it is a constant is told by who uses it.
  void defer(const TensorData& tensor);
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
    bool deferred = false;
    bool unpacked = false;  ///< `value` has the sizes of the weights that the tensor packs
    std::size_t first_read = static_cast<std::size_t>(-1);
  };
  Entry& entry(const TensorData& tensor, std::string_view name);
  const TensorData* tensor_of(const Node& constant);
  bool is_of_quantized(std::string_view name) const;
  Kind kind_by_name(const TensorData& tensor, std::string_view name) const;
  Kind kind_by_use(const TensorData& tensor, const Reading& by) const;
  void settle(Entry& entry, const Reading& by);
  void tie(Entry& entry, const Reading& by);
  Id statistic(const Entry& entry, const Reading& by);
  void note_folding(const TensorData& tensor, const Reading& by);
  void add_deferred();
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
  std::unordered_set<std::string_view> settings_;           ///< scales and zero points
  std::unordered_set<std::string_view> quantized_;          ///< what tensors were called before they were quantized
  std::unordered_map<const Attribute*, TensorData> lists_;  ///< of Constants
  std::unordered_map<const Attribute*, Id> attributes_;
  std::vector<std::pair<std::string, Id>> in_attributes_;
  std::set<std::string_view> folded_;  ///< weights of convolutions that a batch norm was folded into
};

}  // namespace thoplw::onnx
