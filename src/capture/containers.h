// The items of dicts, lists, deques and sets, read and put back by C calls of CPython's own.
#pragma once

#include <functional>
#include <span>

#include "capture/python.h"

namespace thoplw::capture {

using Items = std::span<const nb::object>;

/// Puts something back as it was when this was made; empty where there is nothing to put back.
using PutBack = std::function<void()>;

/// The keys and values of a dict, in the order that iteration gives.
template <typename Visit>
void each_entry(PyObject* dict, const Visit& visit) {
  PyObject *key = nullptr, *value = nullptr;
  if (PyDict_GET_SIZE(dict) > 1 && !PyDict_CheckExact(dict) &&
      PyODict_Check(dict)) {  // its order is not that of the dict that it derives from
    const nb::object keys = take(PyODict_Type.tp_iter(dict));
    while (const nb::object next = nb::steal(PyIter_Next(keys.ptr()))) {
      PyObject* found = PyDict_GetItemWithError(dict, next.ptr());
      if (found) visit(next.ptr(), found);
    }
    return;
  }
  Py_ssize_t at = 0;
  while (PyDict_Next(dict, &at, &key, &value)) visit(key, value);
}

/// Puts back what was remembered. What has not changed is left alone.
void restore_dict(PyObject* dict, Items items);
void restore_list(PyObject* list, Items items);
void restore_deque(PyObject* deque, Items items);
void restore_set(PyObject* set, PyObject* members);

/// For a list or dict that is too long to be remembered: removes what was added.
void restore_size(PyObject* container, Py_ssize_t size);

/// Empties a dict or set; removes the attributes of a function.
void make_empty(PyObject* container);

}  // namespace thoplw::capture
