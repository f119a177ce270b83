// One object's state as it was, by the kind of place that holds it, and how it is put back there.
#pragma once

#include <exception>
#include <vector>

#include "capture/containers.h"
#include "capture/holders.h"

namespace thoplw::capture {

/// Reads and writes by C calls of CPython's own: a class may have changed what getattr, len or [] mean.
class KeptStates {
 public:
  enum class Kind : std::uint8_t {
    attributes,        ///< class, instance dictionary, then its entries: key, value, ...
    no_attributes,     ///< class
    class_attributes,  ///< key, value, ...
    slots,             ///< descriptor, value (null: unset), ...
    dict,              ///< key, value, ...; in their order
    list,
    deque,
    cell,      ///< of a closure: what is in it (null: nothing)
    defaults,  ///< of a function's arguments
    set,       ///< a frozenset of the same
    size,      ///< of a list or dict that is too long to be remembered: how long it was
  };
  struct Kept {
    Kind kind;
    nb::object object;
    std::size_t begin, end;  ///< into the items
    Py_ssize_t size = 0;
  };

  void reserve(std::size_t modules) {
    kept_.reserve(modules * 6);
    items_.reserve(modules * 60);
    empty_.reserve(modules * 15);
  }

  /// Each of these remembers the present state of one object, and returns what the object holds.
  Items attributes(PyObject* object, nb::object dict);
  /// For an object that has no dictionary yet. Asking it for one would make it.
  void no_attributes(PyObject* object);
  Items class_attributes(PyTypeObject* type);
  Items slots(PyObject* object, const std::vector<nb::object>& descriptors);
  Items dict(PyObject* dict);
  Items list(PyObject* list);
  Items deque(PyObject* deque);
  Items cell(PyObject* cell);
  Items defaults(PyObject* function);
  Items set(PyObject* set);
  /// For a dict or set without items, or a function without attributes.
  void empty(PyObject* object) { empty_.push_back(nb::borrow(object)); }
  void size(PyObject* container, Py_ssize_t size);
  /// For an object that is put back in a way of its own. If `function` is empty, there is nothing to do.
  void put_back_by(PutBack function) {
    if (function) functions_.push_back(std::move(function));
  }

  /// Puts everything back. If one object cannot be put back, the others still are, and the first error is returned.
  std::exception_ptr restore();

  /// Replaces each value that was remembered, beginning with the `from`th object, by `replace(value)`.
  void exchange(std::size_t from, const std::function<nb::object(const nb::object&)>& replace);
  std::size_t count() const { return kept_.size(); }

 private:
  Items add(Kind kind, PyObject* object, std::size_t begin);
  void add_entries(PyObject* dict);
  void restore(const Kept& kept);
  void put(const Kept& kept, std::size_t item, const nb::object& value);
  Items items_of(const Kept& kept) const { return std::span(items_).subspan(kept.begin, kept.end - kept.begin); }

  std::vector<Kept> kept_;
  std::vector<nb::object> items_;
  std::vector<nb::object> empty_;  ///< in a list of their own, as most modules have a dozen
  std::vector<PutBack> functions_;
};

}  // namespace thoplw::capture
