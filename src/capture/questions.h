// Answers questions about a meta tensor, such as that for its device, as the tensor that it stands for would.
#pragma once

#include <utility>

#include "capture/python.h"

namespace thoplw::capture {

/// While one lives, a forward that asks a meta tensor for its device, type, storage or the like gets the answer of the
/// tensor that the meta tensor stands for. If there is no such tensor, the pass notes that the forward needs values.
class Questions {
 public:
  Questions();
  ~Questions();
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;
};

/// While one lives, questions of this thread are not those of a forward: a meta tensor then says that it is one.
class NotTheForward {
 public:
  NotTheForward() { ++depth(); }
  ~NotTheForward() { --depth(); }
  NotTheForward(const NotTheForward&) = delete;
  NotTheForward& operator=(const NotTheForward&) = delete;

  static bool asks() { return depth() > 0; }

 private:
  friend class TheForward;
  static int& depth() {
    thread_local int nested = 0;
    return nested;
  }
};

class TheForward {
 public:
  TheForward() : outer_(std::exchange(NotTheForward::depth(), 0)) {}
  ~TheForward() { NotTheForward::depth() = outer_; }
  TheForward(const TheForward&) = delete;
  TheForward& operator=(const TheForward&) = delete;

 private:
  int outer_;
};

}  // namespace thoplw::capture
