// Generators of random numbers: those of the process, and those that a model keeps.
#pragma once

#include "capture/containers.h"
#include "capture/holders.h"

namespace thoplw::capture {

/// One of torch, of NumPy's bits, or of Python, as `content` says; nothing of one that the system feeds.
PutBack keep_generator(Holder::Content content, PyObject* generator);

/// The states of torch's and Python's random number generators, and of NumPy's where `numpy` is asked for, put back at
/// the end of its life.
class RandomState {
 public:
  explicit RandomState(bool numpy);
  ~RandomState();
  RandomState(const RandomState&) = delete;
  RandomState& operator=(const RandomState&) = delete;

 private:
  void restore();

  nb::object torch_, cuda_, python_, numpy_;
};

}  // namespace thoplw::capture
