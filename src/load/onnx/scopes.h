// The module stack of every node: from torch's metadata, from node names, or from the names of parameters.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "load/build/trace_builder.h"
#include "load/onnx/flow.h"
#include "load/onnx/model.h"

namespace thoplw::onnx {

/// What tells the modules of a file.
enum class Naming : std::uint8_t {
  metadata,   ///< torch's exporter on top of torch.export: whole stacks with classes
  functions,  ///< torch.onnx.dynamo_export: a function per call of a module
  paths,      ///< the exporter that traces: "/layer1/layer1.0/conv1/Conv"
  none,       ///< the names of parameters, if they are paths; else each node with a cost is a module of its own
};

using Frames = std::vector<Frame>;

class Scopes {
 public:
  explicit Scopes(const Model& model);

  Naming naming() const { return naming_; }
  /// The class of the root; "" where the file does not say.
  std::string_view root_class() const { return root_class_; }
  /// Was a class inferred from operators, as the file names none?
  bool guessed() const { return guessed_; }

  /// One stack for each of the nodes, which run inside of `around`. Keys tell the calls of a module apart, in this
  /// run of the nodes and in all others.
  std::vector<const Frames*> stacks(std::span<const Node> nodes, const Frames& around);

  /// The stack of the nodes of a function that `node` calls: one deeper where the function is a module.
  const Frames& inside(const Node& node, const Function& function, const Frames& around);

  /// "layer1.0" for the parameter "layer1.0.weight"; nothing where the name is no such path.
  std::optional<std::string_view> owner(std::string_view initializer) const;
  /// Has a folded constant taken the place of the parameter's name?
  static bool lost_name(std::string_view initializer);

 private:
  struct Level {
    std::string_view path, cls, raw;
  };
  using Levels = std::vector<Level>;  ///< the root may be left out
  struct Named {
    bool known = false;
    Levels levels;
    bool made_up = false;     ///< the level is the node itself
    std::string_view step;    ///< the operator of torch.export that the node is part of: "conv2d_1"
    std::string_view target;  ///< "aten.conv2d.default"
  };

  static bool is_module(const Function& function);
  std::string_view path_of_display(std::string_view display, std::string_view parent);
  void find_naming(std::span<const Node> nodes);
  std::vector<Named> name_all(std::span<const Node> nodes);
  Named by_metadata(const Node& node);
  const TensorData* tensor(std::string_view value) const;
  bool reads_weight(const Node& node) const;
  static Named module_of(std::string_view path, const std::vector<Named>& named);
  std::optional<std::string_view> path_by_weights(const Node& node) const;
  void place_by_params(std::span<const Node> nodes, std::vector<Named>& named);
  void place_folded(const Node& node, Levels& levels);
  Named by_path(const Node& node);
  Named by_params(const Node& node);
  std::string_view resolve(std::string_view parent, std::string_view parent_raw, std::string_view raw,
                           std::optional<std::string_view> own);
  std::optional<std::string_view> own_path(const Node& node) const;
  void infer_classes(std::span<const Node> nodes, std::vector<Named>& named);
  std::vector<bool> find_repeats(std::span<const Node> nodes, const std::vector<Named>& named) const;
  bool repeats_as_module(std::span<const Node> nodes, const Named& named) const;
  bool same_call(const Level& level, const Frame& frame) const;
  Frames open_calls(const Levels& levels, const Frames& open, const Frames& around, bool again);
  void follow_use(std::span<const Node> nodes, std::vector<const Frames*>& stacks) const;
  void fill_gaps(std::span<const Node> nodes, const Frames& around, std::vector<const Frames*>& stacks);
  const Frames* keep(Frames frames);
  std::string_view keep(std::string text);

  const Model& model_;
  Naming naming_ = Naming::none;
  std::string_view root_class_;
  bool guessed_ = false;
  std::unordered_map<std::string_view, const TensorData*> initializers_;
  std::optional<Flow> flow_;                       ///< of the nodes at hand
  std::set<std::string, std::less<>> prefixes_;    ///< "layer1", "layer1.0", ... of all parameters
  std::set<std::string, std::less<>> seen_;        ///< paths met so far
  std::unordered_set<std::string_view> taken_;     ///< names of nodes that are modules
  std::size_t unnamed_ = 0;                        ///< modules so far that are nodes without a name of their own
  std::map<std::string, int, std::less<>> calls_;  ///< by key of the parent and path: calls so far
  std::map<std::string, std::string, std::less<>> displays_;  ///< prefixes by what dynamo_export makes of them
  std::deque<std::string> texts_;
  std::deque<Frames> frames_;
};

}  // namespace thoplw::onnx
