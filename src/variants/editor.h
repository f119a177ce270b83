// Puts operators into a trace, and keeps its calls, regions and lifetimes in step.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// Goes over the operators once, from the first to the last:
///
///     for (Id i = 0; i < editor.count(); ++i) {
///       Op& op = editor.reach(i);
///       ...                        // add() puts operators before it
///       editor.keep();
///       ...                        // add() puts operators after it
///     }
///
/// What is put before an operator is in all calls and regions that it is in; what is put after it, too.
class Editor {
 public:
  explicit Editor(Trace trace);

  Trace trace;  ///< its operators are those from before until finish()

  Id count() const { return static_cast<Id>(trace.ops.size()); }
  /// The operator of that number, which is next.
  Op& reach(Id op);
  Id keep();                                               ///< takes the operator over; its new number
  Id add(Op op);                                           ///< its number
  Id now() const { return static_cast<Id>(ops_.size()); }  ///< the number that the next one gets

  /// The id of that name in Trace::op_names.
  Id name(std::string_view op_name);
  /// A value in memory of its own, made by the operator that comes next. `like` has the same strides, or is kNone.
  Id fresh(Tensor tensor, Id like = kNone);
  /// The memory of that value, which is a fresh one, is gone before the operator of that new number.
  void dies(Id value, Id op);

  /// The memory of that value, which was there before, is made by the operator of that new number.
  void born(Id value, Id op);
  /// It is gone before the operator of that new number.
  void gone(Id value, Id op);

  Trace finish() &&;

 private:
  std::vector<Op> ops_;
  std::vector<Id> begin_;                ///< by operator from before, and one more: where what was put before it begins
  std::vector<Id> place_;                ///< by operator from before: its new number
  std::size_t storages_;                 ///< how many there were before
  std::vector<std::pair<Id, Id>> born_;  ///< of those: storages with the operator that makes them now
  std::vector<std::pair<Id, Id>> gone_;  ///< and with that before which they are gone now
};

}  // namespace thoplw
