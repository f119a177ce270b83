// Binds a class as one of values: equal if they say the same, never copied, pickled as text.
#pragma once

#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>

#include <functional>
#include <memory>
#include <new>
#include <string>

#include "base/error.h"

namespace thoplw {

/// Text in a pickle: bytes, as names in model files may be no UTF-8.
inline nanobind::bytes to_bytes(const std::string& text) { return nanobind::bytes(text.data(), text.size()); }
inline std::string from_bytes(nanobind::handle bytes) {
  const auto text = nanobind::cast<nanobind::bytes>(bytes);
  return {text.c_str(), text.size()};
}

/// What is in a pickle beside texts; never null, as a pointer of nanobind may be.
template <class Value>
std::shared_ptr<const Value> held(nanobind::handle object) {
  if (object.is_none()) throw nanobind::cast_error();
  return nanobind::cast<std::shared_ptr<const Value>>(object);
}

/// `state_of` gives what is pickled, `restored` makes the value of it again.
template <class Value, class... Options, class StateOf, class Restored>
void bind_pickling(nanobind::class_<Value, Options...>& bound, StateOf state_of, Restored restored) {
  namespace nb = nanobind;
  bound.def("__getstate__", [state_of](const Value& value) { return nb::object(state_of(value)); })
      .def(
          "__setstate__",
          [restored, bound](Value& self, nb::object state) {
            try {
              new (&self) Value(restored(state));
            } catch (const nb::cast_error&) {
              throw Error("the pickle is not of a " + nb::cast<std::string>(bound.attr("__name__")) +
                          ", or of another version of thoplw: make it again");
            }
          },
          nb::arg("state").none())
      .def("__copy__", [](nb::object self) { return self; })  // nothing changes a value
      .def("__deepcopy__", [](nb::object self, nb::handle /*memo*/) { return self; });
}

/// `name_of` gives a text that is the same for values that are equal.
template <class Value, class... Options, class NameOf, class Equal = std::equal_to<>>
void bind_equality(nanobind::class_<Value, Options...>& bound, NameOf name_of, Equal equal = {}) {
  bound
      .def(
          "__eq__", [equal](const Value& self, const Value& other) { return equal(self, other); },
          nanobind::is_operator())
      .def("__hash__", [name_of](const Value& self) {
        return static_cast<Py_ssize_t>(std::hash<std::string>()(name_of(self)) >> 1);  // -1 would be an error
      });
}

}  // namespace thoplw
