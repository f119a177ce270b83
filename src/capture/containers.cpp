// Compares a container with what it held, and writes only what has changed: most are as they were.
#include "capture/containers.h"

#include <algorithm>

#include "capture/holders.h"

namespace thoplw::capture {
namespace {

bool has_entries(PyObject* dict, Items items) {
  bool same = static_cast<std::size_t>(PyDict_GET_SIZE(dict)) * 2 == items.size();
  std::size_t i = 0;
  if (same) {
    each_entry(dict, [&](PyObject* key, PyObject* value) {
      same = same && items[i].ptr() == key && items[i + 1].ptr() == value;
      i += 2;
    });
  }
  return same;
}

nb::object as_list(Items items) {
  nb::list list;
  for (const nb::object& item : items) list.append(item);
  return list;
}

bool is_list_of(PyObject* list, Items items) {
  return std::ranges::equal(std::span(PySequence_Fast_ITEMS(list), static_cast<std::size_t>(PyList_GET_SIZE(list))),
                            items, [](PyObject* now, const nb::object& then) { return now == then.ptr(); });
}

bool has_members(PyObject* set, PyObject* others) {
  if (PySet_GET_SIZE(set) != PySet_GET_SIZE(others)) return false;
  std::vector<PyObject*> now, then;
  for (auto [members, from] : {std::pair{&now, set}, std::pair{&then, others}}) {
    const nb::object iterator = take(PySet_Type.tp_iter(from));
    while (const nb::object next = nb::steal(PyIter_Next(iterator.ptr()))) members->push_back(next.ptr());
    std::ranges::sort(*members);
  }
  return now == then;
}

}  // namespace

void make_empty(PyObject* container) {
  if (PyFunction_Check(container)) {
    PyObject* dict = reinterpret_cast<PyFunctionObject*>(container)->func_dict;
    if (dict) PyDict_Clear(dict);
  } else if (!PyDict_Check(container)) {
    if (PySet_GET_SIZE(container) > 0) PySet_Clear(container);
  } else if (PyDict_GET_SIZE(container) > 0 && PyODict_Check(container)) {
    nb::handle(reinterpret_cast<PyObject*>(&PyODict_Type)).attr("clear")(nb::handle(container));
  } else if (PyDict_GET_SIZE(container) > 0) {
    PyDict_Clear(container);
  }
}

void restore_dict(PyObject* dict, Items items) {
  if (has_entries(dict, items)) return;
  const bool ordered = PyODict_Check(dict);
  make_empty(dict);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const int failed = ordered ? PyODict_SetItem(dict, items[i].ptr(), items[i + 1].ptr())
                               : PyDict_SetItem(dict, items[i].ptr(), items[i + 1].ptr());
    if (failed) throw nb::python_error();
  }
}

void restore_list(PyObject* list, Items items) {
  if (is_list_of(list, items)) return;
  if (PyList_SetSlice(list, 0, PyList_GET_SIZE(list), as_list(items).ptr()) != 0) throw nb::python_error();
}

void restore_deque(PyObject* deque, Items items) {
  const nb::object now = take(PySequence_List(deque));
  if (is_list_of(now.ptr(), items)) return;  // not written to, so that an iterator over it stays valid
  const nb::handle type(reinterpret_cast<PyObject*>(deque_type()));
  type.attr("clear")(nb::handle(deque));
  type.attr("extend")(nb::handle(deque), as_list(items));
}

void restore_set(PyObject* set, PyObject* members) {
  if (has_members(set, members)) return;
  if (PySet_Clear(set) != 0) throw nb::python_error();
  take(PySet_Type.tp_as_number->nb_inplace_or(set, members));
}

void restore_size(PyObject* container, Py_ssize_t size) {
  if (PyList_Check(container)) {
    const Py_ssize_t now = PyList_GET_SIZE(container);
    if (now > size && PyList_SetSlice(container, size, now, nullptr) != 0) throw nb::python_error();
    return;
  }
  std::vector<nb::object> added;
  each_entry(container, [&](PyObject* key, PyObject*) {
    if (size-- <= 0) added.push_back(nb::borrow(key));
  });
  for (const nb::object& key : added) {
    if (PyDict_DelItem(container, key.ptr()) != 0) throw nb::python_error();
  }
}

}  // namespace thoplw::capture
