// The last step of building a Trace: modules in model order, calls in order, and what goes in and out of each.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "load/build/trace_builder.h"

namespace thoplw {

class Finisher {
 public:
  explicit Finisher(TraceBuilder&& builder);
  Trace finish(std::string model, Origin origin, std::string source);

 private:
  using Node = TraceBuilder::Node;

  struct Tree {
    std::string path;
    std::size_t parent = 0;
    std::size_t first = 0, last = 0, next = 0;  ///< of those inside, in model order; next beside it; 0: none
    std::size_t last_called = 0;                ///< of those inside; 0: none yet
    Id module = kNone;
  };
  std::size_t mention(std::string_view path, bool called);
  void count_name(std::string_view path);
  void insert(std::size_t parent, std::size_t child, bool called);
  void find_modules();
  void number_modules(std::size_t tree, Id parent);
  void name_classes();
  Id class_id(const std::string& name);
  void place_params();
  void order_calls();
  void emit(std::size_t node, Id parent_call);
  void find_ends();
  void find_inputs(Call& call, std::size_t stamp);
  void find_outputs(Call& call, std::size_t stamp);
  bool is_own_param(Id value, Id module) const;
  void note_bases();

  TraceBuilder from_;
  Trace trace_;
  std::vector<Tree> trees_;                 ///< the root first
  std::size_t path_bytes_ = 0;              ///< of all of them
  std::size_t names_ = 0, name_bytes_ = 0;  ///< that the file has, and how long they are together
  std::map<std::string, std::size_t, std::less<>> by_path_;
  std::map<std::string, Id> class_ids_, op_ids_;
  struct Item {
    bool is_op = false;
    std::size_t index = 0;  ///< of the operator or of the node
  };
  std::vector<std::vector<Item>> items_;  ///< by node
  std::vector<std::vector<Id>> owners_;   ///< by value: modules that have it as a parameter, in order
  std::vector<Id> module_ends_;           ///< by module: the one after all that are inside it
  std::vector<Id> made_, last_read_;      ///< by value: index of the operator
  std::vector<bool> is_output_;           ///< by value
  std::vector<std::size_t> seen_;         ///< by value: the stamp of the last call that had it
};

}  // namespace thoplw
