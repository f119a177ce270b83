// Walks from the modules to all that hangs on them, and remembers each thing that a forward could change.
#include "capture/snapshot.h"

#include <algorithm>

#include "capture/attributes.h"
#include "capture/memory.h"
#include "capture/random_state.h"
#include "trace/format.h"

namespace thoplw::capture {
namespace {

// How much is followed: beyond it a model is a data set.
constexpr std::size_t kMostValues = 1 << 18;
constexpr Py_ssize_t kLongContainer = 1 << 16;

bool is_tensor_table(const TorchApi& api, PyObject* name) {
  return name == api.names.parameters || name == api.names.buffers;
}

bool is_hook_table(PyObject* name) { return PyUnicode_Check(name) && text_of(name).ends_with("_hooks"); }

/// Whether a class is of the user or of a library, neither torch's nor Python's.
bool is_users(PyTypeObject* type) {
  static PyObject* python = nb::object(nb::module_::import_("sys").attr("stdlib_module_names")).release().ptr();
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE)) return false;
  const std::string package = package_of(type);
  const std::string top = package.substr(0, package.find('.'));
  return top == "__main__" || (top != "torch" && PySet_Contains(python, nb::str(top.c_str()).ptr()) == 0);
}

bool is_script(const TorchApi& api, PyObject* dict) {
  PyObject* inside = PyDict_GetItem(dict, api.names.script);
  return inside && Py_TYPE(inside) == reinterpret_cast<PyTypeObject*>(api.script_module_type.ptr());
}

/// Sizes, strides and the like: most modules have some.
bool is_plain_tuple(PyObject* value) {
  if (Py_TYPE(value) != &PyTuple_Type) return false;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(value); ++i) {
    if (!Holders::is_plain_value(PyTuple_GET_ITEM(value, i))) return false;
  }
  return true;
}

}  // namespace

void Snapshot::take_of(const std::vector<nb::object>& modules) {
  modules_.reserve(modules.size());
  for (const nb::object& module : modules) keep_module(module.ptr());
  for (const auto& [type, id] : session_.class_ids) keep_class(reinterpret_cast<PyTypeObject*>(type));
  keep_reached();
}

void Snapshot::take_of(nb::handle input) {
  before_inputs_ = reached_.count();
  follow(input.ptr());
  keep_reached();
}

void Snapshot::keep_module(PyObject* module) {
  nb::object dict = take(PyObject_GenericGetDict(module, nullptr));
  modules_.attributes(module, dict);
  PyObject *name = nullptr, *value = nullptr;
  Py_ssize_t at = 0;
  while (PyDict_Next(dict.ptr(), &at, &name, &value)) {
    if (Holders::is_plain_value(value)) continue;
    if (!PyDict_Check(value)) {
      if (Py_TYPE(value) == &PySet_Type && PySet_GET_SIZE(value) == 0) {
        modules_.empty(value);
      } else if (!is_plain_tuple(value)) {
        pending_.push_back(value);
      }
    } else if (PyDict_GET_SIZE(value) == 0) {
      modules_.empty(value);
    } else if (is_tensor_table(api_, name)) {
      keep_table(value);
    } else if (name == api_.names.modules) {
      for (const nb::object& child : modules_.dict(value)) {
        if (!session_.module_ids.contains(child.ptr())) follow(child.ptr());
      }
    } else if (is_hook_table(name)) {  // what hooks gather is the user's
      modules_.dict(value);
    } else {
      follow(value);
    }
  }
  if (is_script(api_, dict.ptr())) modules_.put_back_by(keep_script(module));
}

void Snapshot::keep_table(PyObject* table) {
  for (const nb::object& entry : modules_.dict(table)) {
    if (api_.is_tensor(entry.ptr())) tensors_.push_back(entry.ptr());
  }
  for (PyObject* tensor : tensors_) keep_tensor(tensor);
  tensors_.clear();
}

/// What a tensor holds besides its data; see set_tensors for that.
void Snapshot::keep_tensor(PyObject* tensor) {
  if (has_dictionary(tensor)) {
    follow(modules_.attributes(tensor, take(PyObject_GenericGetDict(tensor, nullptr))));
  } else {
    modules_.no_attributes(tensor);
  }
  if (!api_.is_plain_tensor(tensor)) follow(modules_.slots(tensor, holders_.of(tensor).slots));
}

void Snapshot::keep_class(PyTypeObject* type) {
  if (!met_.insert(reinterpret_cast<PyObject*>(type)).second) return;
  for (nb::handle base : nb::borrow(type->tp_mro)) {
    auto* type_there = reinterpret_cast<PyTypeObject*>(base.ptr());
    if (!is_users(type_there)) continue;
    if (type_there != type && !met_.insert(base.ptr()).second) continue;
    follow(reached_.class_attributes(type_there));
  }
}

void Snapshot::keep_reached() {
  for (std::size_t next = 0; next < pending_.size() && values_ < kMostValues; ++next) keep(pending_[next]);
  pending_.clear();
}

void Snapshot::keep(PyObject* object) {
  ++values_;
  const Holder& holder = holders_.of(object);
  if (holder.holds_nothing()) return;
  const bool module = holder.content == Holder::Content::module;
  if (module && session_.module_ids.contains(object)) return;
  if (!met_.insert(object).second) return;
  if (module) return keep_module(object);
  if (holder.content == Holder::Content::tensor) return keep_tensor(object);
  keep_content(object, holder.content);
  if (!holder.slots.empty()) follow(reached_.slots(object, holder.slots));
  if (holder.attributes) follow(reached_.attributes(object, take(PyObject_GenericGetDict(object, nullptr))));
  if (holder.content == Holder::Content::none) keep_class(Py_TYPE(object));
}

void Snapshot::keep_content(PyObject* object, Holder::Content content) {
  using enum Holder::Content;
  switch (content) {
    case tuple:
      for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(object); ++i) follow(PyTuple_GET_ITEM(object, i));
      break;
    case list:
      if (PyList_GET_SIZE(object) > kLongContainer) return reached_.size(object, PyList_GET_SIZE(object));
      return follow(reached_.list(object));
    case dict:
      if (PyDict_GET_SIZE(object) > kLongContainer) return reached_.size(object, PyDict_GET_SIZE(object));
      return follow(reached_.dict(object));
    case set:
      return reached_.set(object);
    case deque:
      return follow(reached_.deque(object));
    case memory:
      return reached_.put_back_by(keep_memory(object));
    case numpy_generator:
      return follow(nb::handle(object).attr("bit_generator").ptr());
    case generator:
    case numpy_bits:
    case python_generator:
      return reached_.put_back_by(keep_generator(content, object));
    default:
      break;
  }
}

void Snapshot::set_eval(const std::vector<nb::object>& modules) {
  for (const nb::object& module : modules) {
    const nb::object training = attr_or_null(module.ptr(), api_.names.training);
    if (!training.is_valid() || PyObject_IsTrue(training.ptr()) != 1) continue;
    nb::object dict = take(PyObject_GenericGetDict(module.ptr(), nullptr));
    const nb::object of_class = attr_or_null(module.type().ptr(), api_.names.training);
    const bool has_setter = of_class.is_valid() && Py_TYPE(of_class.ptr())->tp_descr_set;
    if (has_setter || is_script(api_, dict.ptr())) {  // ScriptModule keeps the flag elsewhere
      module.attr("training") = false;
      set_.push_back(module);
    } else if (PyDict_Contains(dict.ptr(), api_.names.training) == 1) {
      if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_False) < 0) throw nb::python_error();
      training_.push_back(std::move(dict));
    } else if (of_class.is_valid()) {
      if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_False) < 0) throw nb::python_error();
    }  // else it tells the flag of another module, which has its turn
  }
}

/// A forward uses an iterator up: it gets a copy where the iterator is over a list. There is none of a generator, so
/// that it serves one forward only.
nb::object fresh_iterator(const nb::object& value) {
  const std::string_view type = Py_TYPE(value.ptr())->tp_name;
  if (type == "list_iterator" || type == "tuple_iterator" || type == "range_iterator") {
    return nb::module_::import_("copy").attr("copy")(value);
  }
  if (PyGen_CheckExact(value.ptr())) {
    const nb::object state = nb::module_::import_("inspect").attr("getgeneratorstate")(value);
    if (!state.equal(nb::str("GEN_CREATED"))) {
      throw Error("an input is a generator that an earlier forward has begun to use up: give a list of its items");
    }
  }
  return value;
}

nb::object Snapshot::exchange_tensors(nb::handle inputs, const std::function<nb::object(nb::object)>& replace) {
  const std::function<nb::object(const nb::object&)> exchanged = [&](const nb::object& value) -> nb::object {
    if (api_.is_tensor(value.ptr())) {
      nb::object& other = exchanged_[value.ptr()];
      if (!other.is_valid()) other = replace(value);
      return other;
    }
    if (!PyTuple_Check(value.ptr())) return PyIter_Check(value.ptr()) ? fresh_iterator(value) : value;
    nb::list items;
    bool same = true;
    for (nb::handle item : value) {
      items.append(exchanged(nb::borrow(item)));
      same = same && item.is(nb::handle(PyList_GET_ITEM(items.ptr(), PyList_GET_SIZE(items.ptr()) - 1)));
    }
    if (same) return value;
    if (PyTuple_CheckExact(value.ptr())) return nb::tuple(items);
    const nb::object type = nb::borrow(value.type());
    return nb::hasattr(type, "_make") ? type.attr("_make")(items) : type(items);
  };
  nb::object result = exchanged(nb::borrow(inputs));
  reached_.exchange(before_inputs_, exchanged);
  return result;
}

void Snapshot::restore() {
  for (const nb::object& dict : training_) {
    if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_True) < 0) throw nb::python_error();
  }
  const std::exception_ptr failed[] = {reached_.restore(), modules_.restore()};
  for (const nb::object& module : set_) module.attr("training") = true;
  for (const std::exception_ptr& error : failed) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace thoplw::capture
