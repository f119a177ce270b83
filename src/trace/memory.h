// Where the values of a trace lie, and how long that memory lives: observed while the model ran.
#pragma once

#include <vector>

#include "base/count.h"
#include "trace/dims.h"
#include "trace/id.h"

namespace thoplw {

/// A piece of memory. Several values lie in one where some are views of others.
struct Storage {
  Count bytes;
  Id born = kNone;  ///< the operator that made it; kNone: it was there before the first
  Id died = kNone;  ///< the first operator before which it was gone; kNone: it outlives the last

  bool operator==(const Storage&) const = default;
};

/// Where a value lies.
struct Place {
  Id storage = kNone;
  Dims strides;  ///< in elements; none: the value lies in one piece, in the order of its sizes

  bool operator==(const Place&) const = default;
};

struct MemoryRecord {
  std::vector<Storage> storages;
  std::vector<Place> places;  ///< by value; where nothing was observed, perhaps of some, with strides alone

  /// Was it observed?
  bool known() const { return !storages.empty(); }
};

}  // namespace thoplw
