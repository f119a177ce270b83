// What one thread does in a pass, with the calls that it has open.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "capture/arguments.h"
#include "trace/trace.h"

namespace thoplw::capture {

struct Pass;

struct Strand {
  explicit Strand(Pass* in) : pass(in) {}

  Pass* pass = nullptr;        ///< null: the pass is over, though the thread goes on
  bool recording = true;       ///< off while a user's cost function runs
  std::size_t modes_on = 0;    ///< how many dispatch modes are on if the pass's is the innermost
  std::vector<Id> open_calls;  ///< innermost last
  std::vector<std::size_t> open_regions;
  Id own_call = kNone;    ///< the open call whose class has a __call__ of its own that has not come to forward yet
  int decomposing = 0;    ///< how many operators are being taken apart: Python did not call those inside of them
  std::size_t depth = 0;  ///< how many of the pool are in use
  std::vector<std::unique_ptr<Arguments>> argument_pool;

  /// Whether it has run an operator.
  bool worked() const { return !argument_pool.empty(); }
  Id innermost_call() const { return open_calls.empty() ? kNone : open_calls.back(); }

  /// The strand of this thread. Null if the thread takes part in no pass.
  static Strand*& current() {
    thread_local Strand* strand = nullptr;
    return strand;
  }
};

/// Makes a strand the current one of this thread.
class OnStrand {
 public:
  explicit OnStrand(Strand& strand) : outer_(std::exchange(Strand::current(), &strand)) {}
  ~OnStrand() { Strand::current() = outer_; }
  OnStrand(const OnStrand&) = delete;
  OnStrand& operator=(const OnStrand&) = delete;

 private:
  Strand* outer_;
};

}  // namespace thoplw::capture
