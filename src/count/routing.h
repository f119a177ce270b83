// Which tensors a router has picked: rows or matrices, taken by indices that were worked out with trained weights.
#pragma once

#include <vector>

#include "trace/trace.h"

namespace thoplw {

/// Indices that come with the input, such as types of nodes and edges, are no router's.
class Routing {
 public:
  explicit Routing(const Trace& trace);

  /// The tensor whose rows the value consists of, some of them or all in another order; kNone where no router took any.
  Id picked_from(Id value) const { return at(picked_, value); }

  /// Whether the value was worked out with weights.
  bool learned(Id value) const { return value != kNone && at(learned_, value); }

 private:
  void follow(const Trace& trace, const Op& op);

  std::vector<bool> learned_;  ///< by value
  std::vector<Id> picked_;     ///< by value
  std::vector<Id> whole_;      ///< by value: what it is a view of
};

}  // namespace thoplw
