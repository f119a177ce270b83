// Classes by what C code can reach of their instances: items, attributes, slots, bytes, the state of a generator.
#include "capture/holders.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace thoplw::capture {
namespace {

/// Packages whose objects belong to the process or to torch itself, not to a model.
constexpr std::array<std::string_view, 24> kLeftAlone = {
    "_abc",   "_thread",   "_weakref",   "abc",       "asyncio", "concurrent",        "ctypes",
    "enum",   "importlib", "inspect",    "io",        "logging", "multiprocessing",   "queue",
    "re",     "ssl",       "subprocess", "threading", "torch._", "torch.distributed", "torch.fx",
    "typing", "warnings",  "weakref",
};

bool is_left_alone(std::string_view package) {
  return std::ranges::any_of(kLeftAlone, [&](std::string_view name) {
    return package.starts_with(name) &&
           (package.size() == name.size() || name.ends_with('_') || package[name.size()] == '.');
  });
}

bool derives(PyTypeObject* type, PyTypeObject* base) { return PyType_IsSubtype(type, base) != 0; }
bool derives(PyTypeObject* type, nb::handle base) { return derives(type, reinterpret_cast<PyTypeObject*>(base.ptr())); }

/// A class of a module that need not be loaded; null where it is not: then there are no instances either.
nb::object class_if_loaded(const char* module, const char* name) {
  PyObject* found = PyDict_GetItemString(PyImport_GetModuleDict(), module);
  return found ? nb::getattr(nb::handle(found), name, nb::object()) : nb::object();
}

bool is_any_of(PyTypeObject* type, const char* module, std::initializer_list<const char*> names) {
  return std::ranges::any_of(names, [&](const char* name) {
    const nb::object base = class_if_loaded(module, name);
    return base.is_valid() && PyType_Check(base.ptr()) && derives(type, base);
  });
}

Holder::Content content_of(const TorchApi& api, PyTypeObject* type) {
  using enum Holder::Content;
  if (derives(type, &PyTuple_Type)) return tuple;
  if (derives(type, &PyList_Type)) return list;
  if (derives(type, &PyDict_Type)) return dict;
  if (derives(type, &PySet_Type)) return set;
  if (derives(type, deque_type())) return deque;
  if (derives(type, api.tensor_type)) return tensor;
  if (derives(type, api.module_type)) return module;
  if (derives(type, api.torch.attr("Generator")) || is_any_of(type, "numpy.random", {"RandomState"})) return generator;
  if (is_any_of(type, "random", {"Random"})) return python_generator;
  if (is_any_of(type, "numpy.random", {"Generator"})) return numpy_generator;
  if (is_any_of(type, "numpy.random", {"BitGenerator"})) return numpy_bits;
  const bool buffer = type->tp_as_buffer && type->tp_as_buffer->bf_getbuffer;
  return buffer && !derives(type, &PyBytes_Type) && !derives(type, &PyMemoryView_Type) ? memory : none;
}

/// Functions, classes and modules have a __dict__ too, but are no state.
bool is_program(PyTypeObject* type) {
  return derives(type, &PyType_Type) || derives(type, &PyModule_Type) || type == &PyFunction_Type ||
         type == &PyCFunction_Type || type == &PyMethod_Type || type == &PyStaticMethod_Type ||
         type == &PyClassMethod_Type || type == &PyProperty_Type;
}

std::vector<nb::object> slots_of(PyTypeObject* type) {
  std::vector<nb::object> slots;
  for (nb::handle base : nb::borrow(type->tp_mro)) {
    const auto* type_there = reinterpret_cast<PyTypeObject*>(base.ptr());
    if (!(type_there->tp_flags & Py_TPFLAGS_HEAPTYPE) || !PyDict_GetItemString(type_there->tp_dict, "__slots__")) {
      continue;
    }
    PyObject *key = nullptr, *value = nullptr;
    Py_ssize_t at = 0;
    while (PyDict_Next(type_there->tp_dict, &at, &key, &value)) {
      if (Py_TYPE(value) == &PyMemberDescr_Type) slots.push_back(nb::borrow(value));
    }
  }
  return slots;
}

}  // namespace

std::string package_of(PyTypeObject* type) {
  static PyObject* name = interned("__module__");
  PyObject* module = type->tp_flags & Py_TPFLAGS_HEAPTYPE ? PyDict_GetItem(type->tp_dict, name) : nullptr;
  if (module && PyUnicode_Check(module)) return text_of(module);
  const std::string_view full = type->tp_name;
  return std::string(full.substr(0, full.find('.')));
}

PyTypeObject* deque_type() {
  static PyObject* type = nb::object(nb::module_::import_("collections").attr("deque")).release().ptr();
  return reinterpret_cast<PyTypeObject*>(type);
}

const Holder& Holders::of(PyObject* object) {
  PyTypeObject* type = Py_TYPE(object);
  const auto [found, fresh] = known_.try_emplace(type);
  Holder& holder = found->second;
  if (!fresh) return holder;
  holder.type = nb::borrow(reinterpret_cast<PyObject*>(type));
  holder.content = content_of(api_, type);
  if (is_program(type) || (holder.content == Holder::Content::none && is_left_alone(package_of(type)))) return holder;
  holder.attributes = type->tp_dictoffset != 0;
  holder.slots = slots_of(type);
  return holder;
}

}  // namespace thoplw::capture
