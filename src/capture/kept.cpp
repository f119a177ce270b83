// Keeps and puts back: attributes, slots, items, bytes, the states of generators, what TorchScript holds.
#include "capture/kept.h"

#include <algorithm>

namespace thoplw::capture {
namespace {

using Items = std::span<const nb::object>;

/// Its state, or a null object where it has none to tell.
nb::object generator_state(KeptStates::Kind kind, nb::handle generator) {
  if (kind == KeptStates::Kind::generator) return generator.attr("get_state")();
  if (kind == KeptStates::Kind::numpy_bits) return generator.attr("state");
  return nb::module_::import_("random").attr("Random").attr("getstate")(generator);
}

void set_generator_state(KeptStates::Kind kind, nb::handle generator, const nb::object& state) {
  if (kind == KeptStates::Kind::generator) {
    generator.attr("set_state")(state);
  } else if (kind == KeptStates::Kind::numpy_bits) {
    PyObject_SetAttrString(generator.ptr(), "state", state.ptr());
  } else {
    nb::module_::import_("random").attr("Random").attr("setstate")(generator, state);
  }
}

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

void make_empty(PyObject* container) {
  if (!PyDict_Check(container)) {
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

void restore_attributes(PyObject* object, Items items) {
  static PyObject* class_name = interned("__class__");
  if (reinterpret_cast<PyObject*>(Py_TYPE(object)) != items[0].ptr() &&
      PyObject_GenericSetAttr(object, class_name, items[0].ptr()) != 0) {
    throw nb::python_error();
  }
  const nb::object dict = take(PyObject_GenericGetDict(object, nullptr));
  if (!dict.is(items[1]) && PyObject_GenericSetDict(object, items[1].ptr(), nullptr) != 0) throw nb::python_error();
  restore_dict(items[1].ptr(), items.subspan(2));
}

bool is_special(PyObject* name) {
  return !PyUnicode_Check(name) ||
         (PyUnicode_GET_LENGTH(name) > 1 && PyUnicode_READ_CHAR(name, 0) == '_' && PyUnicode_READ_CHAR(name, 1) == '_');
}

/// Those of its attributes that a program can see; the interpreter adds to the others when it likes.
template <typename Visit>
void each_class_attribute(PyObject* type, const Visit& visit) {
  each_entry(reinterpret_cast<PyTypeObject*>(type)->tp_dict, [&](PyObject* key, PyObject* value) {
    if (!is_special(key)) visit(key, value);
  });
}

/// By type's own setattr, which empties the caches of lookups.
void restore_class(PyObject* type, Items items) {
  std::vector<nb::object> now;
  each_class_attribute(type, [&](PyObject* key, PyObject* value) {
    now.push_back(nb::borrow(key));
    now.push_back(nb::borrow(value));
  });
  const auto same = [](const nb::object& a, const nb::object& b) { return a.is(b); };
  if (std::ranges::equal(now, items, same)) return;
  for (std::size_t i = 0; i < now.size(); i += 2) PyType_Type.tp_setattro(type, now[i].ptr(), nullptr);
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (PyType_Type.tp_setattro(type, items[i].ptr(), items[i + 1].ptr()) != 0) throw nb::python_error();
  }
}

void restore_slots(PyObject* object, Items items) {
  for (std::size_t i = 0; i < items.size(); i += 2) {
    if (Py_TYPE(items[i].ptr())->tp_descr_set(items[i].ptr(), object, items[i + 1].ptr()) != 0) PyErr_Clear();
  }
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

void restore_list(PyObject* list, Items items) {
  if (is_list_of(list, items)) return;
  if (PyList_SetSlice(list, 0, PyList_GET_SIZE(list), as_list(items).ptr()) != 0) throw nb::python_error();
}

void restore_deque(PyObject* deque, Items items) {
  const nb::handle type(reinterpret_cast<PyObject*>(deque_type()));
  type.attr("clear")(nb::handle(deque));
  type.attr("extend")(nb::handle(deque), as_list(items));
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

class Buffer {
 public:
  explicit Buffer(PyObject* object) : open_(PyObject_GetBuffer(object, &view, PyBUF_FULL) == 0) {
    if (!open_) PyErr_Clear();  // read-only, or of elements that no buffer describes
  }
  ~Buffer() {
    if (open_) PyBuffer_Release(&view);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  explicit operator bool() const {
    return open_ && !(view.format && std::string_view(view.format).find('O') != std::string_view::npos);
  }

  Py_buffer view{};

 private:
  bool open_;
};

void restore_memory(PyObject* object, PyObject* bytes) {
  const Py_ssize_t size = PyBytes_GET_SIZE(bytes);
  if (PyByteArray_Check(object) && PyByteArray_GET_SIZE(object) != size) PyByteArray_Resize(object, size);
  Buffer buffer(object);
  if (!buffer || buffer.view.len != size) return;
  if (PyBuffer_FromContiguous(&buffer.view, PyBytes_AS_STRING(bytes), size, 'C') != 0) throw nb::python_error();
}

bool is_constant(PyObject* value) {
  return value == Py_None || PyLong_Check(value) || PyFloat_Check(value) || PyUnicode_Check(value);
}

/// Lists and dicts of TorchScript are given as copies, so they are always set.
void restore_script(PyObject* module, Items items) {
  const nb::object inside = nb::handle(module).attr("_c");
  for (std::size_t i = 0; i < items.size(); i += 2) {
    const nb::object now = inside.attr("getattr")(items[i]);
    if (now.is(items[i + 1]) || (is_constant(now.ptr()) && now.equal(items[i + 1]))) continue;
    inside.attr("setattr")(items[i], items[i + 1]);
  }
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

Items KeptStates::class_attributes(PyTypeObject* type) {
  const std::size_t begin = items_.size();
  each_class_attribute(reinterpret_cast<PyObject*>(type), [&](PyObject* key, PyObject* value) {
    items_.push_back(nb::borrow(key));
    items_.push_back(nb::borrow(value));
  });
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

void KeptStates::set(PyObject* set) {
  items_.push_back(take(PyFrozenSet_New(set)));
  add(Kind::set, set, items_.size() - 1);
}

void KeptStates::size(PyObject* container, Py_ssize_t size) {
  add(Kind::size, container, items_.size());
  kept_.back().size = size;
}

void KeptStates::memory(PyObject* object) {
  const Buffer buffer(object);
  if (!buffer) return;
  nb::object bytes = take(PyBytes_FromStringAndSize(nullptr, buffer.view.len));
  auto* view = const_cast<Py_buffer*>(&buffer.view);
  if (PyBuffer_ToContiguous(PyBytes_AS_STRING(bytes.ptr()), view, buffer.view.len, 'C') != 0) throw nb::python_error();
  items_.push_back(std::move(bytes));
  add(Kind::memory, object, items_.size() - 1);
}

void KeptStates::generator(Kind kind, PyObject* object) {
  try {
    items_.push_back(generator_state(kind, object));
  } catch (const nb::python_error&) {  // one that the system feeds
    return;
  }
  add(kind, object, items_.size() - 1);
}

void KeptStates::script(PyObject* module) {
  const std::size_t begin = items_.size();
  const nb::object inside = nb::handle(module).attr("_c");
  // Not the module's own _concrete_type, which frozen ones lack.
  const nb::object type =
      torch_api().torch.attr("_C").attr("ConcreteModuleType").attr("from_jit_type")(inside.attr("_type")());
  for (nb::handle name : nb::list(type.attr("get_attributes")())) {
    items_.push_back(nb::borrow(name));
    items_.push_back(inside.attr("getattr")(name));
  }
  add(Kind::script, module, begin);
}

void KeptStates::restore(const Kept& kept) {
  PyObject* object = kept.object.ptr();
  const Items items = items_of(kept);
  switch (kept.kind) {
    case Kind::attributes:
      return restore_attributes(object, items);
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
    case Kind::set:
      return restore_set(object, items[0].ptr());
    case Kind::size:
      return restore_size(object, kept.size);
    case Kind::memory:
      return restore_memory(object, items[0].ptr());
    case Kind::script:
      return restore_script(object, items);
    default:
      return set_generator_state(kept.kind, object, items[0]);
  }
}

std::exception_ptr KeptStates::restore() {
  for (const nb::object& container : empty_) make_empty(container.ptr());
  std::exception_ptr first;
  for (const Kept& kept : kept_) {
    try {
      restore(kept);
    } catch (const std::exception&) {
      if (!first) first = std::current_exception();
    }
  }
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
    default:
      failed = deque_type()->tp_as_sequence->sq_ass_item(object, static_cast<Py_ssize_t>(item), value.ptr());
  }
  if (failed) throw nb::python_error();
}

void KeptStates::exchange(std::size_t from, const std::function<nb::object(const nb::object&)>& replace) {
  for (std::size_t k = from; k < kept_.size(); ++k) {
    const Kept& kept = kept_[k];
    const bool keyed = kept.kind == Kind::attributes || kept.kind == Kind::dict || kept.kind == Kind::slots;
    if (!keyed && kept.kind != Kind::list && kept.kind != Kind::deque) continue;
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
