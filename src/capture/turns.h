// Lets passes of several threads run one after the other.
#pragma once

namespace thoplw::capture {

/// Two passes over one model at a time would take each other's flags for the model's own. Waits for the passes of other
/// threads to end; not for those of its own thread, nor for one whose forward waits, perhaps for this very thread.
class Turn {
 public:
  Turn();
  ~Turn();
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
};

/// A pass makes many small objects and no cycles: collecting garbage in between is lost time.
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
