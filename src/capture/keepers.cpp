// A table of classes with the functions that keep their instances.
#include "capture/keepers.h"

#include <algorithm>
#include <array>

#include "capture/memory.h"
#include "capture/random_state.h"

namespace thoplw::capture {
namespace {

/// io.BytesIO, io.StringIO: what is in it, and where it is read and written.
PutBack keep_stream(PyObject* stream) {
  const nb::object kept = nb::borrow(stream);
  if (nb::cast<bool>(kept.attr("closed"))) return {};
  return [kept, state = nb::object(kept.attr("__getstate__")())] {
    if (!state.equal(kept.attr("__getstate__")())) kept.attr("__setstate__")(state);
  };
}

nb::list taken_out(nb::handle queue) {
  nb::list items;
  while (!nb::cast<bool>(queue.attr("empty")())) items.append(queue.attr("get_nowait")());
  return items;
}

/// queue.SimpleQueue. Its items can only be seen by taking them out, so they are put in again.
nb::object items_of_queue(PyObject* queue) {
  const nb::list items = taken_out(queue);
  for (nb::handle item : items) nb::handle(queue).attr("put")(item);
  return items;
}

PutBack keep_queue(PyObject* queue) {
  return [kept = nb::borrow(queue), items = items_of_queue(queue)] {
    taken_out(kept);
    for (nb::handle item : items) kept.attr("put")(item);
  };
}

/// functools.lru_cache. A cache that was empty is emptied again. If it had entries, no single one can be removed; then
/// left_behind.h names the cache.
PutBack keep_cache(PyObject* cache) {
  const auto is_empty = [kept = nb::borrow(cache)] {
    return nb::cast<std::size_t>(kept.attr("cache_info")().attr("currsize")) == 0;
  };
  if (!is_empty()) return {};
  return [kept = nb::borrow(cache), is_empty] {
    if (!is_empty()) kept.attr("cache_clear")();
  };
}

bool this_thread_is_alone() { return nb::cast<int>(nb::module_::import_("threading").attr("active_count")()) == 1; }

/// threading.Lock. A forward that raised may have left it locked, which would stop the next forward. A lock does not
/// tell who holds it, so it is released only if this is the only thread.
PutBack keep_lock(PyObject* lock) {
  const nb::object kept = nb::borrow(lock);
  if (nb::cast<bool>(kept.attr("locked")())) return {};
  return [kept] {
    if (nb::cast<bool>(kept.attr("locked")()) && this_thread_is_alone()) kept.attr("release")();
  };
}

/// threading.RLock
PutBack keep_own_lock(PyObject* lock) {
  const nb::object kept = nb::borrow(lock);
  if (nb::cast<bool>(kept.attr("_is_owned")())) return {};
  return [kept] {
    while (nb::cast<bool>(kept.attr("_is_owned")())) kept.attr("release")();
  };
}

struct Row {
  const char* module;
  const char* name;
  Keeper keeper;
  PyTypeObject* type = nullptr;  ///< null until its module is imported: before that there are no instances
};
std::array<Row, 12> rows = {{
    {"torch", "Generator", {keep_torch_generator}},
    {"numpy.random", "RandomState", {keep_numpy_random}},
    {"numpy.random", "BitGenerator", {keep_bits}},
    {"random", "Random", {keep_python_random}},
    {"numpy", "ndarray", {keep_ndarray, elements_of}},
    {"array", "array", {keep_numbers}},
    {"_io", "BytesIO", {keep_stream}},
    {"_io", "StringIO", {keep_stream}},
    {"_queue", "SimpleQueue", {keep_queue, items_of_queue}},
    {"_thread", "LockType", {keep_lock}},
    {"_thread", "RLock", {keep_own_lock}},
    {"functools", "_lru_cache_wrapper", {keep_cache}},
}};

void look_up(Row& row) {
  PyObject* module = PyDict_GetItemString(PyImport_GetModuleDict(), row.module);
  if (!module) return;
  nb::object found = nb::getattr(nb::handle(module), row.name, nb::none());
  if (PyType_Check(found.ptr())) row.type = reinterpret_cast<PyTypeObject*>(found.release().ptr());
}

}  // namespace

Keeper keeper_of(PyTypeObject* type) {
  for (Row& row : rows) {
    if (!row.type) look_up(row);
    if (row.type && PyType_IsSubtype(type, row.type)) return row.keeper;
  }
  const bool buffer = type->tp_as_buffer && type->tp_as_buffer->bf_getbuffer;
  return buffer && !PyType_IsSubtype(type, &PyBytes_Type) && type != &PyMemoryView_Type ? Keeper{keep_memory}
                                                                                        : Keeper{};
}

}  // namespace thoplw::capture
