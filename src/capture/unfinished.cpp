// Looks through a result, and the containers in it, for generators and other promises of work.
#include "capture/unfinished.h"

#include <algorithm>
#include <array>

#include "base/formatted.h"

namespace thoplw::capture {
namespace {

struct Lazy {
  std::string_view op;
  std::string_view what;
  std::string_view when;
};
constexpr Lazy kGenerator{"python::generator", "a generator", "iterated over"};
constexpr Lazy kCoroutine{"python::coroutine", "a coroutine", "awaited"};
constexpr Lazy kIterator{"python::iterator", "an iterator", "iterated over"};
constexpr Lazy kFunction{"python::function", "a function", "called"};

/// Whether such an iterator only passes on items that exist already.
bool is_iterator_of_container(std::string_view type) {
  constexpr std::array<std::string_view, 12> kThese = {
      "bytes_iterator",     "dict_itemiterator", "dict_keyiterator",     "dict_reversekeyiterator",
      "dict_valueiterator", "list_iterator",     "list_reverseiterator", "memory_iterator",
      "range_iterator",     "set_iterator",      "str_ascii_iterator",   "tuple_iterator"};
  return std::ranges::find(kThese, type) != kThese.end();
}

/// Whether a generator or coroutine has something left to do.
bool goes_on(nb::handle value) {
  return std::ranges::any_of(std::array{"gi_frame", "ag_frame", "cr_frame"}, [&](const char* frame) {
    return nb::hasattr(value, frame) && !nb::object(value.attr(frame)).is_none();
  });
}

/// The iterators from which zip, enumerate or filter(None, ...) pass items on. Empty for an iterator that does more.
nb::object sources(nb::handle iterator) {
  const std::string_view type = Py_TYPE(iterator.ptr())->tp_name;
  if (type != "zip" && type != "enumerate" && type != "filter") return nb::tuple();
  const nb::object from = nb::object(iterator.attr("__reduce__")())[1];
  const bool chooses = type == "filter" && !nb::object(from[0]).is_none();
  return chooses ? nb::object(nb::tuple()) : from;
}

class Search {
 public:
  std::vector<Lazy> found;

  void look(nb::handle value, int depth = 0) {
    constexpr int kDeepest = 5;
    PyObject* object = value.ptr();
    if (depth == kDeepest || PyUnicode_Check(object) || torch_api().is_tensor(object)) return;
    if (PyGen_CheckExact(object) || PyAsyncGen_CheckExact(object)) {
      if (goes_on(value)) add(kGenerator);
    } else if (PyCoro_CheckExact(object)) {
      if (goes_on(value)) add(kCoroutine);
    } else if (PyFunction_Check(object) || PyMethod_Check(object) || is_partial(value)) {
      add(kFunction);
    } else if (PyTuple_Check(object) || PyList_Check(object)) {
      for (nb::handle item : value) look(item, depth + 1);
    } else if (PyDict_Check(object)) {
      PyObject *key = nullptr, *item = nullptr;
      Py_ssize_t at = 0;
      while (PyDict_Next(object, &at, &key, &item)) look(item, depth + 1);
    } else if (PyIter_Check(object)) {
      look_at_iterator(value, depth);
    } else if (const nb::object fields = dataclass_fields(value); fields.is_valid()) {
      for (auto [name, field] : nb::borrow<nb::dict>(fields)) {
        const nb::object item = attr_or_null(object, name.ptr());
        if (item.is_valid()) look(item, depth + 1);
      }
    }
  }

 private:
  void add(const Lazy& lazy) {
    const auto same = [&](const Lazy& other) { return other.op == lazy.op; };
    if (std::ranges::none_of(found, same)) found.push_back(lazy);
  }

  void look_at_iterator(nb::handle iterator, int depth) {
    if (is_iterator_of_container(Py_TYPE(iterator.ptr())->tp_name)) return;
    const nb::object from = sources(iterator);
    if (nb::len(from) == 0) return add(kIterator);
    for (nb::handle source : from) {
      if (!source.is_none()) look(source, depth + 1);
    }
  }

  static bool is_partial(nb::handle value) {
    return std::string_view(Py_TYPE(value.ptr())->tp_name) == "functools.partial";
  }
};

}  // namespace

void note_unfinished(Pass& pass, const std::string& method, const nb::object& result) {
  Search search;
  search.look(result);
  for (const Lazy& lazy : search.found) {
    add_op(pass, lazy.op);
    pass.trace.notes.push_back(formatted(
        "{} returned {}, which works only when it is {}: that work is not counted. Profile a method that does it",
        method, lazy.what, lazy.when));
  }
}

}  // namespace thoplw::capture
