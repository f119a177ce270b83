// A model as it was found: every module's attributes and flags, put back whatever the forward did.
#pragma once

#include <vector>

#include "capture/model_walk.h"

namespace thoplw::capture {

class Snapshot {
 public:
  explicit Snapshot(const TorchApi& api) : api_(api) {}

  /// Remembers the instance attributes of each module, and the contents of their parameter, buffer and module tables.
  void take_of(const std::vector<nb::object>& modules);
  /// Sets every module's own flag to eval; restore() puts it back.
  void set_eval(const std::vector<nb::object>& modules);
  void restore();

 private:
  struct Entries {
    nb::object dict;
    std::size_t begin, end;  ///< into items_: key, value, key, value, ...
  };
  void remember(nb::object dict);
  void restore(const Entries& entries);

  const TorchApi& api_;
  std::vector<Entries> dicts_;
  std::vector<nb::object> items_;
  std::vector<nb::object> training_;  ///< instance dictionaries whose flag was set to eval
  std::vector<nb::object> scripted_;  ///< modules whose flag is not an instance attribute
};

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
