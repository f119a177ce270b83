// Where the tensors of a pass lie, and how long: observed by weak references, whose callbacks tell of each tensor's
// end.
#pragma once

#include <unordered_map>
#include <vector>

#include "capture/python.h"
#include "operators/shape/shape.h"
#include "trace/trace.h"

namespace thoplw::capture {

/// Torch's own object of that memory, as a number; 0 where a tensor tells none.
std::uintptr_t memory_of(nb::handle tensor);

/// Fills Trace::memory. Memory has numbers of its own here: results that rules describe share that of a template.
class Lifetimes {
 public:
  explicit Lifetimes(Trace& trace) : trace_(trace) {}

  /// A tensor in memory of its own, which the next operator makes.
  void make(Id value, const Strided& layout);
  /// A tensor in the memory of another.
  void share(Id value, Id with, const Strided& layout);
  /// A tensor that torch made: in memory that is known already, or else in new one, which was born so.
  void take_in(Id value, nb::handle tensor, const Strided& layout, Id born);
  /// Whether a tensor lies in memory that torch made and that is known.
  bool knows(nb::handle tensor) const { return by_address_.contains(memory_of(tensor)); }
  /// Torch knows the memory of a value by another tensor: its shadow, with the values that it stands for.
  void also_in(Id value, nb::handle tensor);
  /// A tensor was given other sizes: its memory may have grown.
  void resize(Id value, const Strided& layout);
  /// A tensor is gone.
  void lose(Id value);

  /// Is anything there that the pass made, but for what the model gives?
  bool anything_stays() const;
  /// The forward is over: what goes away from now on has outlived it.
  void stop();
  /// Nothing is known after all.
  void forget();

  /// The number of the operator that comes next.
  Id now() const { return static_cast<Id>(trace_.ops.size()); }

 private:
  Place& place_of(Id value);
  Id add(Count bytes, Id born);
  void lie(Id value, Id storage, const Strided& layout);

  Trace& trace_;
  /// Torch's own object of a memory, held so that its address does not become another's.
  struct Torchs {
    std::uintptr_t address = 0;
    nb::object object;
  };
  std::vector<int> tensors_;                 ///< by storage: how many are alive
  std::vector<std::vector<Torchs>> torchs_;  ///< by storage
  std::unordered_map<std::uintptr_t, Id> by_address_;
  bool over_ = false;
};

}  // namespace thoplw::capture
