// Makes threads that a forward starts, and pools that it gives work to, part of the pass.
#pragma once

#include <memory>

#include "capture/pass.h"

namespace thoplw::capture {

/// Work that a forward gave to another thread. It is owned by the function that is to be run, so if that never runs,
/// the work is forgotten with it.
struct Work {
  bool optional = false;  ///< a daemon's: it may never end, and may have nothing to do with the model
  bool done = false;
  Strand* strand = nullptr;  ///< null unless it is running

  bool open() const { return !done && !(optional && !(strand && strand->worked())); }
};

/// While one lives, work that the forward gives to another thread belongs to the pass of the forward.
class Threads {
 public:
  explicit Threads(Pass& pass);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  /// Called when the forward has returned: waits a little for work that is not done, and notes what is still running.
  void wait();

 private:
  Pass& pass_;
};

/// Operators of several threads are recorded in the order of time. Puts each one into the call that it belongs to.
void sort_by_call(Pass& pass);

}  // namespace thoplw::capture
