// Gives a forward copies of iterators to use up, since an iterator cannot be turned back; names those without a copy.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "capture/python.h"

namespace thoplw::capture {

/// Copies of iterators that are written in C, such as itertools.count. Each goes on from where its original is.
class StandIns {
 public:
  /// The copy, always the same one for the same iterator. If an iterator cannot tell where it is, it is returned
  /// itself, or watched.
  nb::object of(const nb::object& iterator);

  /// A note for each iterator without a copy that the forward has advanced, as far as they could be watched.
  std::vector<std::string> advanced() const;

 private:
  nb::object copied(const nb::object& iterator);
  nb::object watched(const nb::object& iterator);

  std::unordered_map<PyObject*, nb::object> copies_;
  std::vector<nb::object> originals_;  ///< kept alive, so that no other object gets the address of one
  std::vector<std::pair<std::string, std::shared_ptr<bool>>> watched_;  ///< a class, and whether it advanced
};

/// Generators, as functions with yield return them. They cannot be copied, only watched.
class Generators {
 public:
  void keep(PyObject* generator) { kept_.push_back({nb::borrow(generator), position(generator)}); }

  /// A note for each generator that the forward has advanced.
  std::vector<std::string> advanced() const;

 private:
  static std::vector<nb::object> position(PyObject* generator);

  std::vector<std::pair<nb::object, std::vector<nb::object>>> kept_;
};

}  // namespace thoplw::capture
