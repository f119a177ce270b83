// Copies an iterator by what it tells for pickling: a function, its arguments, and a state.
#include "capture/stand_ins.h"

#include <algorithm>

#include "base/formatted.h"
#include "capture/holders.h"
#include "capture/interrupts.h"
#include "capture/nested.h"

namespace thoplw::capture {
namespace {

bool is_iterator(nb::handle value) {
  const PyTypeObject* type = Py_TYPE(value.ptr());
  return type->tp_iternext && type->tp_dictoffset == 0 && !PyGen_CheckExact(value.ptr());
}

/// Those of itertools tell nothing for pickling since Python 3.14. They have no methods, so that any iterator can stand
/// in for them.
bool is_of_itertools(const nb::object& iterator) {
  return package_of(reinterpret_cast<PyTypeObject*>(iterator.type().ptr())) == "itertools";
}

/// itertools.count(5, 2) is also how it prints. Null where that is not of plain numbers.
nb::object reduced_count(const nb::object& iterator) {
  const std::string text = nb::repr(iterator).c_str();
  if (!is_of_itertools(iterator) || !text.starts_with("count(")) return {};
  try {
    const nb::object arguments =
        nb::module_::import_("ast").attr("literal_eval")(text.substr(6, text.size() - 7) + ',');
    return nb::make_tuple(iterator.type(), arguments);
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    return {};
  }
}

/// What the iterator tells for pickling. Null if it tells nothing.
nb::object reduced(const nb::object& iterator) {
  const nb::object warnings = nb::module_::import_("warnings");
  const With silent(warnings.attr("catch_warnings")());
  warnings.attr("simplefilter")("ignore");
  try {
    nb::object found = iterator.attr("__reduce__")();
    return PyTuple_Check(found.ptr()) ? found : nb::object();
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    return reduced_count(iterator);
  }
}

}  // namespace

/// Another iterator that passes on the items of this one, and takes note that it did.
nb::object StandIns::watched(const nb::object& iterator) {
  const auto advanced = std::make_shared<bool>(false);
  watched_.emplace_back(name_of(iterator.type()), advanced);
  const auto pass_on = [advanced](nb::object item) {
    *advanced = true;
    return item;
  };
  return nb::handle(reinterpret_cast<PyObject*>(&PyMap_Type))(nb::cpp_function(pass_on, nb::arg().none()), iterator);
}

std::vector<std::string> StandIns::advanced() const {
  std::vector<std::string> notes;
  for (const auto& [name, advanced] : watched_) {
    if (!*advanced) continue;
    notes.push_back(formatted(
        "the forward advanced an iterator that it was given or that the model keeps (itertools.{}), which has "
        "no way back: make it anew before the model runs again",
        name));
  }
  return notes;
}

nb::object StandIns::copied(const nb::object& iterator) {
  const nb::object parts = reduced(iterator);
  if (!parts.is_valid()) return is_of_itertools(iterator) ? watched(iterator) : iterator;
  const nb::object arguments = with_items_of_tuples(parts[1], [&](const nb::object& item) { return of(item); });
  nb::object copy = take(PyObject_CallObject(nb::object(parts[0]).ptr(), arguments.ptr()));
  if (nb::len(parts) > 2 && !nb::object(parts[2]).is_none()) {
    copy.attr("__setstate__")(with_items_of_tuples(parts[2], [&](const nb::object& item) {
      // itertools.cycle adds to the list of what it has seen, so that the copy needs a list of its own.
      return PyList_CheckExact(item.ptr()) ? nb::object(item.attr("copy")()) : of(item);
    }));
  }
  return copy;
}

nb::object StandIns::of(const nb::object& iterator) {
  if (!is_iterator(iterator)) return iterator;
  const auto found = copies_.find(iterator.ptr());
  if (found != copies_.end()) return found->second;
  originals_.push_back(iterator);
  return copies_.emplace(iterator.ptr(), copied(iterator)).first->second;
}

/// Where a generator is: its next instruction, and what its frame refers to. Empty if it is at its end.
std::vector<nb::object> Generators::position(PyObject* generator) {
  const nb::object frame = nb::borrow(generator).attr("gi_frame");
  if (frame.is_none()) return {};
  std::vector<nb::object> all = {frame.attr("f_lasti")};
  each_reference(generator, [&](PyObject* held) { all.push_back(nb::borrow(held)); });
  return all;
}

std::vector<std::string> Generators::advanced() const {
  std::vector<std::string> notes;
  for (const auto& [generator, before] : kept_) {
    const auto same = [](const nb::object& a, const nb::object& b) {
      return a.is(b) || (PyLong_Check(a.ptr()) && a.equal(b));
    };
    if (std::ranges::equal(position(generator.ptr()), before, same)) continue;
    notes.push_back(formatted(
        "the forward advanced a generator that the model keeps ({}), which has no way back: make it anew before the "
        "model runs again",
        str_of(nb::object(generator.attr("__qualname__")).ptr())));
  }
  return notes;
}

}  // namespace thoplw::capture
