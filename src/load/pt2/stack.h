// The modules that a node of an exported program ran in.
#pragma once

#include <compare>
#include <deque>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "load/build/trace_builder.h"

namespace thoplw::pt2 {

/// What tells the calls of a layer apart: an operator with a parameter of the layer, or its first one where it has
/// none.
struct Mark {
  std::string op;
  Id param = kNone;
  auto operator<=>(const Mark&) const = default;
};

/// Reads nn_module_stack: "key,path,class;key,path,class", or "key:(path,class);..." of torch 2.1.
class Stacks {
 public:
  /// Before schema 8 (torch 2.6), keys are the same for all calls of a module; see next_call().
  explicit Stacks(bool keys_tell_calls) : keys_tell_calls_(keys_tell_calls) {}

  /// The stack of a node, empty where the text has none. Valid until the next call. Throws Error.
  std::span<const Frame> read(std::string_view text);

  /// For files whose keys do not tell the calls of a module apart: the stack of the next node, with keys that do, as
  /// far as it follows from the order of the nodes. A layer of torch.nn that shows the same mark twice was called
  /// twice.
  std::span<const Frame> next_call(std::span<const Frame> stack, const Mark& mark);
  bool keys_tell_calls() const { return keys_tell_calls_; }

  /// The class of the root, once a node that names it was read.
  std::string_view root_class() const { return root_class_; }

 private:
  struct Open {
    std::string_view key;  ///< as in the file
    std::string_view unique;
    std::set<Mark> marks;
  };
  Frame frame(std::string_view text);
  std::string_view kept(std::string text) { return texts_.emplace_back(std::move(text)); }

  bool keys_tell_calls_;
  std::string_view root_class_;
  std::deque<std::string> texts_;  ///< what is not a view of the file
  std::unordered_map<std::string_view, std::vector<Frame>> read_;
  std::vector<Open> open_;
  std::unordered_map<std::string_view, int> calls_;  ///< by key
  std::vector<Frame> renamed_;
};

/// "stem.0" of "getattr(L['self'].stem, '0')", "L['self'].stem[0]" or "stem.slice(None, 2, None).0".
std::string plain_path(std::string_view path);

}  // namespace thoplw::pt2
