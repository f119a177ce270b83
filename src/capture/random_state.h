// Generators of random numbers: those of the process, and those that a model keeps.
#pragma once

#include "capture/containers.h"

namespace thoplw::capture {

/// torch.Generator
PutBack keep_torch_generator(PyObject* generator);
/// numpy.random.RandomState
PutBack keep_numpy_random(PyObject* generator);
/// numpy.random.BitGenerator
PutBack keep_bits(PyObject* generator);
/// random.Random; nothing of one that the system feeds.
PutBack keep_python_random(PyObject* generator);

/// numpy.random's own generator. It takes 50 us to tell and set its state, a seventh of a whole pass, so that its
/// memory is copied.
class NumpyRandom {
 public:
  NumpyRandom();
  void restore();

 private:
  nb::object generator_, bits_;      ///< null where NumPy's is not loaded
  std::string own_memory_, memory_;  ///< of the generator, and of its bits
  PutBack other_;                    ///< for a generator that the user has put there
};

/// The states of torch's, Python's and NumPy's random number generators, put back at the end of its life.
class RandomState {
 public:
  RandomState();
  ~RandomState();
  RandomState(const RandomState&) = delete;
  RandomState& operator=(const RandomState&) = delete;

 private:
  void restore();

  nb::object torch_, cuda_, python_;
  NumpyRandom numpy_;
};

}  // namespace thoplw::capture
