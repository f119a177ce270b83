// Lets passes of several threads run one after the other.
#pragma once

namespace thoplw::capture {

/// Two passes over one model at the same time would mistake each other's flags for the model's own. So a pass waits
/// until those of other threads have ended. It does not wait for passes of its own thread, nor for a pass whose forward
/// is itself waiting: that may be for this very thread.
class Turn {
 public:
  Turn();
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

/// A pass makes many small objects that do not refer to each other, so collecting garbage meanwhile would only take
/// time.
class GarbageCollectionPaused {
 public:
  GarbageCollectionPaused();
  ~GarbageCollectionPaused();
  GarbageCollectionPaused(const GarbageCollectionPaused&) = delete;
  GarbageCollectionPaused& operator=(const GarbageCollectionPaused&) = delete;

 private:
  bool was_on_;
};

}  // namespace thoplw::capture
