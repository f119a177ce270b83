// Finds tensors in lists, tuples, dicts and dataclasses, or puts others in their place.
#pragma once

#include "capture/torch_api.h"

namespace thoplw::capture {

/// The value of a dataclass's field, past what the class may have in place of getattr; a null object where it has none.
nb::object field_of(PyObject* object, PyObject* name);

/// Calls visit(tensor) for each tensor in a value. Containers within containers are opened to a depth, against cycles.
template <typename Visit>
void each_tensor(const TorchApi& api, PyObject* value, const Visit& visit, int depth = 0) {
  constexpr int kDeepest = 4;
  if (api.is_tensor(value)) return visit(value);
  if (depth == kDeepest) return;
  if (PyTuple_Check(value) || PyList_Check(value)) {
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(value); ++i) {
      each_tensor(api, PySequence_Fast_GET_ITEM(value, i), visit, depth + 1);
    }
  } else if (PyDict_Check(value)) {
    PyObject *key = nullptr, *item = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(value, &at, &key, &item)) each_tensor(api, item, visit, depth + 1);
  } else if (const nb::object fields = dataclass_fields(value); fields.is_valid()) {
    for (auto [name, field] : nb::borrow<nb::dict>(fields)) {
      const nb::object item = field_of(value, name.ptr());
      if (item.is_valid()) each_tensor(api, item.ptr(), visit, depth + 1);
    }
  }
}

/// A list or tuple of the same class with other items; a named tuple stays one.
nb::object sequence_like(nb::handle sequence, const nb::list& items);

/// A dict of the same class, in the same order, with other values.
nb::object dict_like(nb::handle dict, const nb::dict& values);

/// A list or tuple with replace(item) in the place of each item: itself where nothing changes, else another of its
/// class.
template <typename Replace>
nb::object with_each(nb::handle sequence, const Replace& replace) {
  nb::list items;
  bool same = true;
  for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(sequence.ptr()); ++i) {
    const nb::handle item = PySequence_Fast_GET_ITEM(sequence.ptr(), i);
    const nb::object now = replace(item);
    same = same && now.is(item);
    items.append(now);
  }
  return same ? nb::borrow(sequence) : sequence_like(sequence, items);
}

/// A value with replace(item) in the place of each item in it that is no list, tuple or dict. A container in which
/// nothing changes stays itself; else there is another one of its class.
template <typename Replace>
nb::object with_items(nb::handle value, Replace&& replace) {
  const auto replaced = [&](nb::handle item) { return with_items(item, replace); };
  if (PyTuple_Check(value.ptr()) || PyList_Check(value.ptr())) return with_each(value, replaced);
  if (!PyDict_Check(value.ptr())) return replace(value);
  nb::dict values;
  bool same = true;
  for (auto [key, item] : nb::borrow<nb::dict>(value)) {
    const nb::object now = replaced(item);
    same = same && now.is(item);
    values[key] = now;
  }
  return same ? nb::borrow(value) : dict_like(value, values);
}

/// The same of tuples alone, in which nothing can be put: lists and dicts are given to `replace`.
template <typename Replace>
nb::object with_items_of_tuples(nb::handle value, const Replace& replace) {
  if (!PyTuple_Check(value.ptr())) return replace(nb::borrow(value));
  return with_each(value, [&](nb::handle item) { return with_items_of_tuples(item, replace); });
}

}  // namespace thoplw::capture
