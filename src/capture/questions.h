// Answers questions about a meta tensor, such as that for its device, as the tensor that it stands for would.
#pragma once

#include <utility>

#include "capture/python.h"

namespace thoplw::capture {

/// While one lives, the methods and properties of tensors that tell device, type, storage and the like answer a forward
/// for the tensor that a meta one stands for; where none can, the pass takes note that it wants values.
class Questions {
 public:
  Questions();
  ~Questions();
  Questions(const Questions&) = delete;
  Questions& operator=(const Questions&) = delete;
};

/// Who asks in this thread: outside of a forward a meta tensor says that it is one.
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
