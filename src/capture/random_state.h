// Generators of random numbers: those of the process, and those that a model keeps.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// torch.Generator, numpy.random.RandomState: by get_state and set_state.
PutBack keep_state(PyObject* generator);
/// numpy.random.BitGenerator
PutBack keep_bits(PyObject* generator);
/// random.Random; nothing of one that the system feeds.
PutBack keep_python_random(PyObject* generator);

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
