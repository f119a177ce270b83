// Keeps the state of an object and puts it back, by the kind of place that holds it.
#include "capture/kept.h"

#include "capture/attributes.h"

namespace thoplw::capture {
namespace {

bool is_row_of_values(KeptStates::Kind kind) {
  using enum KeptStates::Kind;
  return kind == list || kind == deque || kind == cell || kind == defaults;
}

}  // namespace

Items KeptStates::add(Kind kind, PyObject* object, std::size_t begin) {
  kept_.push_back({kind, nb::borrow(object), begin, items_.size()});
  return items_of(kept_.back());
}

void KeptStates::add_entries(PyObject* dict) {
  each_entry(dict, [&](PyObject* key, PyObject* value) {
    items_.push_back(nb::borrow(key));
    items_.push_back(nb::borrow(value));
  });
}

Items KeptStates::attributes(PyObject* object, nb::object dict) {
  const std::size_t begin = items_.size();
  items_.push_back(nb::borrow(reinterpret_cast<PyObject*>(Py_TYPE(object))));
  items_.push_back(dict);
  add_entries(dict.ptr());
  return add(Kind::attributes, object, begin).subspan(2);
}

void KeptStates::no_attributes(PyObject* object) {
  items_.push_back(nb::borrow(reinterpret_cast<PyObject*>(Py_TYPE(object))));
  add(Kind::no_attributes, object, items_.size() - 1);
}

Items KeptStates::class_attributes(PyTypeObject* type) {
  const std::size_t begin = items_.size();
  add_class_attributes(reinterpret_cast<PyObject*>(type), items_);
  return add(Kind::class_attributes, reinterpret_cast<PyObject*>(type), begin);
}

Items KeptStates::slots(PyObject* object, const std::vector<nb::object>& descriptors) {
  const std::size_t begin = items_.size();
  for (const nb::object& slot : descriptors) {
    auto* type = reinterpret_cast<PyObject*>(Py_TYPE(object));
    items_.push_back(slot);
    items_.push_back(nb::steal(Py_TYPE(slot.ptr())->tp_descr_get(slot.ptr(), object, type)));
    if (!items_.back().is_valid()) PyErr_Clear();  // unset
  }
  return add(Kind::slots, object, begin);
}

Items KeptStates::dict(PyObject* dict) {
  const std::size_t begin = items_.size();
  add_entries(dict);
  return add(Kind::dict, dict, begin);
}

Items KeptStates::list(PyObject* list) {
  const std::size_t begin = items_.size();
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); ++i) items_.push_back(nb::borrow(PyList_GET_ITEM(list, i)));
  return add(Kind::list, list, begin);
}

Items KeptStates::deque(PyObject* deque) {
  const std::size_t begin = items_.size();
  const nb::object iterator = take(deque_type()->tp_iter(deque));
  while (nb::object next = nb::steal(PyIter_Next(iterator.ptr()))) items_.push_back(std::move(next));
  return add(Kind::deque, deque, begin);
}

Items KeptStates::cell(PyObject* cell) {
  items_.push_back(nb::steal(PyCell_Get(cell)));
  return add(Kind::cell, cell, items_.size() - 1);
}

Items KeptStates::defaults(PyObject* function) {
  items_.push_back(nb::borrow(PyFunction_GET_DEFAULTS(function)));
  return add(Kind::defaults, function, items_.size() - 1);
}

Items KeptStates::set(PyObject* set) {
  items_.push_back(take(PyFrozenSet_New(set)));
  return add(Kind::set, set, items_.size() - 1);
}

void KeptStates::size(PyObject* container, Py_ssize_t size) {
  add(Kind::size, container, items_.size());
  kept_.back().size = size;
}

void KeptStates::restore(const Kept& kept) {
  PyObject* object = kept.object.ptr();
  const Items items = items_of(kept);
  switch (kept.kind) {
    case Kind::attributes:
      return restore_attributes(object, items);
    case Kind::no_attributes:
      return restore_no_attributes(object, items);
    case Kind::class_attributes:
      return restore_class(object, items);
    case Kind::slots:
      return restore_slots(object, items);
    case Kind::dict:
      return restore_dict(object, items);
    case Kind::list:
      return restore_list(object, items);
    case Kind::deque:
      return restore_deque(object, items);
    case Kind::cell:
      return restore_cell(object, items[0]);
    case Kind::defaults:
      return restore_defaults(object, items[0]);
    case Kind::set:
      return restore_set(object, items[0].ptr());
    case Kind::size:
      return restore_size(object, kept.size);
  }
}

std::exception_ptr KeptStates::restore() {
  for (const nb::object& container : empty_) make_empty(container.ptr());
  std::exception_ptr first;
  const auto attempt = [&](const auto& put_back) {
    try {
      put_back();
    } catch (const std::exception&) {
      if (!first) first = std::current_exception();
    }
  };
  for (const Kept& kept : kept_) attempt([&] { restore(kept); });
  for (const PutBack& function : functions_) attempt(function);
  return first;
}

void KeptStates::put(const Kept& kept, std::size_t item, const nb::object& value) {
  PyObject* object = kept.object.ptr();
  const nb::object& place = items_[kept.begin + item];
  int failed = 0;
  switch (kept.kind) {
    case Kind::attributes:
      failed = PyDict_SetItem(items_[kept.begin + 1].ptr(), place.ptr(), value.ptr());
      break;
    case Kind::dict:
      failed = PyDict_SetItem(object, place.ptr(), value.ptr());
      break;
    case Kind::slots:
      failed = Py_TYPE(place.ptr())->tp_descr_set(place.ptr(), object, value.ptr());
      break;
    case Kind::list:
      failed = PyList_SetItem(object, static_cast<Py_ssize_t>(item), nb::object(value).release().ptr());
      break;
    case Kind::cell:
      failed = PyCell_Set(object, value.ptr());
      break;
    case Kind::defaults:
      failed = PyFunction_SetDefaults(object, value.ptr());
      break;
    default:
      failed = deque_type()->tp_as_sequence->sq_ass_item(object, static_cast<Py_ssize_t>(item), value.ptr());
  }
  if (failed) throw nb::python_error();
}

void KeptStates::exchange(std::size_t from, const std::function<nb::object(const nb::object&)>& replace) {
  for (std::size_t k = from; k < kept_.size(); ++k) {
    const Kept& kept = kept_[k];
    const bool keyed = kept.kind == Kind::attributes || kept.kind == Kind::dict || kept.kind == Kind::slots;
    if (!keyed && !is_row_of_values(kept.kind)) continue;
    const std::size_t size = kept.end - kept.begin;
    for (std::size_t i = kept.kind == Kind::attributes ? 2 : 0; i < size; i += keyed ? 2 : 1) {
      const nb::object& before = items_[kept.begin + i + (keyed ? 1 : 0)];
      if (!before.is_valid()) continue;
      const nb::object after = replace(before);
      if (!after.is(before)) put(kept, i, after);
    }
  }
}

}  // namespace thoplw::capture
