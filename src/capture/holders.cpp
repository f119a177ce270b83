// Sorts classes by what C code can read of their instances: items, attributes, slots, bytes, the state of a generator.
#include "capture/holders.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace thoplw::capture {
namespace {

/// Packages whose objects belong to the process or to torch, not to a model. Also classes of the interpreter that would
/// lead from a function to everything in its file.
constexpr std::array<std::string_view, 26> kLeftAlone = {
    "_abc",   "_asyncio", "_thread",    "abc",       "asyncio", "concurrent",        "ctypes",   "enum",
    "frame",  "code",     "importlib",  "inspect",   "io",      "logging",           "module",   "multiprocessing",
    "re",     "ssl",      "subprocess", "threading", "torch._", "torch.distributed", "torch.fx", "traceback",
    "typing", "warnings",
};

bool is_left_alone(std::string_view package) {
  return std::ranges::any_of(kLeftAlone, [&](std::string_view name) {
    return package.starts_with(name) &&
           (package.size() == name.size() || name.ends_with('_') || package[name.size()] == '.');
  });
}

/// These do hold state of a forward, although the rest of their package, threading, is left alone.
bool is_signal(PyTypeObject* type) {
  const std::string_view name = type->tp_name;
  return name == "Event" || name == "Semaphore" || name == "BoundedSemaphore";
}

bool derives(PyTypeObject* type, PyTypeObject* base) { return PyType_IsSubtype(type, base) != 0; }
bool derives(PyTypeObject* type, nb::handle base) { return derives(type, reinterpret_cast<PyTypeObject*>(base.ptr())); }

PyTypeObject* thread_local_type() {
  static PyObject* type = nb::object(nb::module_::import_("_thread").attr("_local")).release().ptr();
  return reinterpret_cast<PyTypeObject*>(type);
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
  if (derives(type, &PyType_Type)) return Holder::Content::class_;
  if (derives(type, &_PyWeakref_RefType)) return weak_reference;
  if (type == &PyContextVar_Type) return context_variable;
  if (type == &PyGen_Type) return generator;
  if (derives(type, thread_local_type())) return thread_local_;
  return type->tp_iternext && type->tp_dictoffset == 0 ? iterator : none;
}

/// The function that all classes written in Python share. It calls that of the C class from which they derive.
traverseproc traverse_of_python() {
  return reinterpret_cast<PyTypeObject*>(torch_api().module_type.ptr())->tp_traverse;
}

/// The function that visits what instances refer to besides attributes and slots. Null if there is none.
traverseproc traverse_of(PyTypeObject* type) {
  while (type && type->tp_traverse == traverse_of_python()) type = type->tp_base;
  return type ? type->tp_traverse : nullptr;
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

void each_reference(PyObject* object, const std::function<void(PyObject*)>& visit) {
  struct Into {
    PyObject* type;
    const std::function<void(PyObject*)>& visit;
  } into{reinterpret_cast<PyObject*>(Py_TYPE(object)), visit};
  const auto visit_one = [](PyObject* held, void* to) {
    const Into& into = *static_cast<Into*>(to);
    const bool variables_of_file = PyDict_Check(held) && PyDict_GetItemString(held, "__spec__");
    if (held != into.type && !variables_of_file) into.visit(held);
    return 0;
  };
  traverse_of(Py_TYPE(object))(object, visit_one, &into);
}

bool is_plain_tuple(PyObject* value) {
  if (Py_TYPE(value) != &PyTuple_Type) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (!Holders::is_plain_value(PyTuple_GET_ITEM(value, i))) return false;
  }
  return true;
}

bool holds_nothing(PyObject* object) {
  const auto* function = reinterpret_cast<PyFunctionObject*>(object);
  if (function->func_dict && PyDict_GET_SIZE(function->func_dict) > 0) return false;
  if (function->func_kwdefaults) return false;
  if (function->func_defaults && !is_plain_tuple(function->func_defaults)) return false;
  if (!function->func_closure) return true;
  if (PyTuple_GET_SIZE(function->func_closure) > 1) return false;
  PyObject* content = PyCell_GET(PyTuple_GET_ITEM(function->func_closure, 0));
  return content && PyType_Check(content);  // super() makes a closure of the class, which is no state
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
  const bool plain = holder.content == Holder::Content::none;
  if (plain) holder.keeper = keeper_of(type);
  if (derives(type, &PyType_Type) || derives(type, &PyModule_Type)) return holder;
  if (plain && !holder.keeper.keep && !is_signal(type) && is_left_alone(package_of(type))) return holder;
  holder.attributes = type->tp_dictoffset != 0 && holder.content != Holder::Content::thread_local_;
  holder.slots = slots_of(type);
  const bool in_turn = holder.content == Holder::Content::iterator || holder.content == Holder::Content::generator;
  holder.references = ((plain && !holder.keeper.keep) || in_turn) && traverse_of(type);
  return holder;
}

}  // namespace thoplw::capture
