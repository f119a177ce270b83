// Makes threads that a forward starts, and pools that it gives work to, part of the pass.
#pragma once

#include <memory>

#include "capture/pass.h"

namespace thoplw::capture {

/// Something that a forward gave to another thread; it goes away with what was to be run, should that never happen.
struct Work {
  bool optional = false;  ///< of a daemon: it need not come to an end, nor have anything to do with the model
  bool done = false;
  Strand* strand = nullptr;  ///< while it runs

  bool open() const { return !done && !(optional && !(strand && strand->worked())); }
};

/// While one lives, what a forward gives to a thread runs under the forward's pass, in that thread.
class Threads {
 public:
  explicit Threads(Pass& pass);
  ~Threads();
  Threads(const Threads&) = delete;
  Threads& operator=(const Threads&) = delete;

  /// Waits a little for what is not done when the forward has returned; takes note of what goes on still.
  void wait();

 private:
  Pass& pass_;
};

/// Puts the operators of threads, which are in the order of time, into the calls that they are of.
void sort_by_call(Trace& trace);

}  // namespace thoplw::capture
