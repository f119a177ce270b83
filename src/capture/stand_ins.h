// Gives a forward copies of iterators to use up, since an iterator cannot be turned back; names those without a copy.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "capture/python.h"

namespace thoplw::capture {

/// Copies of iterators of C, such as itertools.count: each stands where its original stands.
class StandIns {
 public:
  /// The same copy for the same iterator; the iterator itself where it has no way to tell where it stands.
  nb::object of(const nb::object& iterator);

 private:
  nb::object copied(const nb::object& iterator);

  std::unordered_map<PyObject*, nb::object> copies_;
  std::vector<nb::object> originals_;  ///< an address must not become another's
};

/// What functions with yield return.
class Generators {
 public:
  void keep(PyObject* generator) { kept_.push_back({nb::borrow(generator), position(generator)}); }

  /// A note for each that now stands elsewhere.
  std::vector<std::string> advanced() const;

 private:
  static std::vector<nb::object> position(PyObject* generator);

  std::vector<std::pair<nb::object, std::vector<nb::object>>> kept_;
};

}  // namespace thoplw::capture
