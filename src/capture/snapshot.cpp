// Walks from the modules to all that hangs on them, and remembers each thing that a forward could change.
#include "capture/snapshot.h"

#include <algorithm>

#include "base/formatted.h"
#include "capture/attributes.h"
#include "capture/memory.h"
#include "capture/nested.h"
#include "capture/random_state.h"

namespace thoplw::capture {
namespace {

// How much is followed: beyond it a model is a data set.
constexpr std::size_t kMostValues = 1 << 18;
constexpr Py_ssize_t kLongContainer = 1 << 16;

bool is_tensor_table(const TorchApi& api, PyObject* name) {
  return name == api.names.parameters || name == api.names.buffers;
}

bool is_hook_table(PyObject* name) { return PyUnicode_Check(name) && text_of(name).ends_with("_hooks"); }

/// Whether its name, in the file that it says, leads to the class: else it was made while the program ran, perhaps for
/// one instance, as torch.nn.utils.parametrize makes them.
bool is_global(PyTypeObject* type, const std::string& package) {
  nb::object found = nb::borrow(PyDict_GetItemString(PyImport_GetModuleDict(), package.c_str()));
  if (found.is_valid()) found = attr_or_null(found.ptr(), reinterpret_cast<PyHeapTypeObject*>(type)->ht_name);
  return found.ptr() == reinterpret_cast<PyObject*>(type);
}

/// Whether a forward may change a class: neither torch's nor Python's.
bool is_changeable(PyTypeObject* type) {
  static PyObject* python = nb::object(nb::module_::import_("sys").attr("stdlib_module_names")).release().ptr();
  static auto* theirs = new std::unordered_set<PyObject*>;  // known to be, kept alive
  auto* object = reinterpret_cast<PyObject*>(type);
  if (!(type->tp_flags & Py_TPFLAGS_HEAPTYPE) || theirs->contains(object)) return false;
  const std::string package = package_of(type);
  const std::string top = package.substr(0, package.find('.'));
  if (top == "__main__" || (top != "torch" && PySet_Contains(python, nb::str(top.c_str()).ptr()) == 0)) return true;
  if (!is_global(type, package)) return true;
  theirs->insert(nb::borrow(object).release().ptr());
  return false;
}

/// What classes have many of.
bool is_around_function(PyObject* value) {
  const PyTypeObject* type = Py_TYPE(value);
  return type == &PyProperty_Type || type == &PyClassMethod_Type || type == &PyStaticMethod_Type;
}

bool is_script(const TorchApi& api, PyObject* dict) {
  PyObject* inside = PyDict_GetItem(dict, api.names.script);
  return inside && Py_TYPE(inside) == reinterpret_cast<PyTypeObject*>(api.script_module_type.ptr());
}

/// What this thread finds in a contextvars.ContextVar; a null object where nothing is set.
nb::object value_of_context(PyObject* variable) {
  PyObject* value = nullptr;
  if (PyContextVar_Get(variable, nullptr, &value) != 0) throw nb::python_error();
  return nb::steal(value);
}

}  // namespace

void Snapshot::take_of(const std::vector<nb::object>& modules) {
  modules_.reserve(modules.size());
  for (const nb::object& module : modules) keep_module(module.ptr());
  for (const auto& [type, id] : pass_.class_ids) keep_class(reinterpret_cast<PyTypeObject*>(type));
  keep_reached();
  if (iterators_) exchange_iterators();
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
        if (!pass_.module_ids.contains(child.ptr())) follow(child.ptr());
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
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(type->tp_mro); ++i) {
    PyObject* base = PyTuple_GET_ITEM(type->tp_mro, i);
    auto* type_there = reinterpret_cast<PyTypeObject*>(base);
    if (!is_changeable(type_there)) continue;
    if (type_there != type && !met_.insert(base).second) continue;
    follow(reached_.class_attributes(type_there));
  }
}

void Snapshot::keep_reached() {
  for (std::size_t next = 0; next < pending_.size() && values_ < kMostValues; ++next) keep(pending_[next]);
  pending_.clear();
}

void Snapshot::follow(PyObject* value) {
  if (Holders::is_plain_value(value)) return;
  if (PyFunction_Check(value) && holds_nothing(value)) return reached_.empty(value);
  if (!is_around_function(value)) return pending_.push_back(value);
  each_reference(value, [&](PyObject* held) {
    if (!PyDict_Check(held)) follow(held);  // a dict tells what the function tells
  });
}

void Snapshot::keep(PyObject* object) {
  ++values_;
  if (PyFunction_Check(object)) return keep_function(object);
  const Holder& holder = holders_.of(object);
  if (holder.holds_nothing()) return;
  const bool module = holder.content == Holder::Content::module;
  if (module && pass_.module_ids.contains(object)) return;
  if (holder.content == Holder::Content::class_) return keep_class(reinterpret_cast<PyTypeObject*>(object));
  if (!met_.insert(object).second) return;
  if (module) return keep_module(object);
  if (holder.content == Holder::Content::tensor) return keep_tensor(object);
  keep_content(object, holder.content);
  if (holder.keeper.keep) keep_by(holder.keeper, object);
  if (!holder.slots.empty()) follow(reached_.slots(object, holder.slots));
  if (holder.attributes) follow(reached_.attributes(object, take(PyObject_GenericGetDict(object, nullptr))));
  if (holder.references) each_reference(object, [&](PyObject* held) { follow(held); });
  if (holder.content == Holder::Content::none) keep_class(Py_TYPE(object));
}

void Snapshot::keep_function(PyObject* object) {
  if (!met_.insert(object).second) return;
  const auto* function = reinterpret_cast<PyFunctionObject*>(object);
  if (function->func_dict && PyDict_GET_SIZE(function->func_dict) > 0) {
    follow(function->func_dict);
  } else {
    reached_.empty(object);
  }
  if (function->func_defaults && !is_plain_tuple(function->func_defaults)) follow(reached_.defaults(object));
  if (function->func_kwdefaults) follow(function->func_kwdefaults);
  if (!function->func_closure) return;
  for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(function->func_closure); ++i) {
    PyObject* cell = PyTuple_GET_ITEM(function->func_closure, i);
    if (met_.insert(cell).second) follow(reached_.cell(cell));
  }
}

/// Classes may answer with an error what is asked of them.
void Snapshot::keep_by(const Keeper& keeper, PyObject* object) {
  try {
    reached_.put_back_by(keeper.keep(object));
    if (keeper.items) follow_lent(keeper.items(object));
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
  }
}

/// Of what only lends what it holds.
void Snapshot::follow_lent(nb::object lent) {
  if (!lent.is_valid()) return;
  follow(lent.ptr());
  lent_.push_back(std::move(lent));
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
      return follow(reached_.set(object));
    case deque:
      return follow(reached_.deque(object));
    case iterator:
      iterators_ = true;
      break;
    case generator:
      return generators_.keep(object);
    case weak_reference:
      return follow_lent(take(PyObject_CallNoArgs(object)));
    case thread_local_:
      return follow_lent(nb::handle(object).attr("__dict__"));
    case context_variable:
      return follow_lent(value_of_context(object));
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

/// Whether train() does no more than to set the flag, which every module has in its dictionary.
bool Snapshot::only_flags(const std::vector<nb::object>& modules) const {
  const nb::object usual = api_.torch.attr("nn").attr("Module").attr("train");
  return std::ranges::all_of(modules, [&](const nb::object& module) {
    const nb::object dict = take(PyObject_GenericGetDict(module.ptr(), nullptr));
    return nb::object(module.type().attr("train")).is(usual) && !PyDict_GetItemString(dict.ptr(), "train") &&
           PyDict_Contains(dict.ptr(), api_.names.training) == 1 && !is_script(api_, dict.ptr());
  });
}

void Snapshot::set_training(const std::vector<nb::object>& modules) {
  const nb::object& root = modules.front();
  const nb::object training = attr_or_null(root.ptr(), api_.names.training);
  if (!training.is_valid() || PyObject_IsTrue(training.ptr()) == 1) return;
  if (only_flags(modules)) {
    for (const nb::object& module : modules) {
      nb::object dict = take(PyObject_GenericGetDict(module.ptr(), nullptr));
      const nb::object flag = nb::borrow(PyDict_GetItem(dict.ptr(), api_.names.training));
      if (PyObject_IsTrue(flag.ptr()) == 1) continue;
      if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_True) < 0) throw nb::python_error();
      was_eval_.emplace_back(std::move(dict), flag);
    }
    return;
  }
  for (const nb::object& module : modules) {
    const nb::object flag = attr_or_null(module.ptr(), api_.names.training);
    if (flag.is_valid()) flags_.emplace_back(module, flag);
  }
  root.attr("train")();
}

/// A generator has no copy, so that one that is an input serves one forward only.
void require_unused(nb::handle generator) {
  const nb::object state = nb::module_::import_("inspect").attr("getgeneratorstate")(generator);
  if (state.equal(nb::str("GEN_CREATED"))) return;
  throw Error("an input is a generator that an earlier forward has begun to use up: give a list of its items");
}

void Snapshot::exchange_iterators() {
  const auto exchanged = [&](const nb::object& value) {
    return with_items_of_tuples(value, [&](const nb::object& item) { return stand_ins_.of(item); });
  };
  modules_.exchange(0, exchanged);
  reached_.exchange(0, exchanged);
}

nb::object Snapshot::exchange_tensors(nb::handle inputs, const std::function<nb::object(nb::object)>& replace) {
  const auto exchange_one = [&](const nb::object& value) -> nb::object {
    if (!api_.is_tensor(value.ptr())) {
      if (PyGen_CheckExact(value.ptr())) require_unused(value);
      return stand_ins_.of(value);
    }
    nb::object& other = exchanged_[value.ptr()];
    if (!other.is_valid()) other = replace(value);
    return other;
  };
  const auto exchanged = [&](const nb::object& value) { return with_items_of_tuples(value, exchange_one); };
  nb::object result = exchanged(nb::borrow(inputs));
  reached_.exchange(before_inputs_, exchanged);
  return result;
}

std::vector<std::string> Snapshot::not_put_back() const {
  std::vector<std::string> notes = generators_.advanced();
  std::ranges::move(stand_ins_.advanced(), std::back_inserter(notes));
  return notes;
}

void Snapshot::restore() {
  for (const nb::object& dict : training_) {
    if (PyDict_SetItem(dict.ptr(), api_.names.training, Py_True) < 0) throw nb::python_error();
  }
  for (const auto& [dict, flag] : was_eval_) {
    if (PyDict_SetItem(dict.ptr(), api_.names.training, flag.ptr()) < 0) throw nb::python_error();
  }
  const std::exception_ptr failed[] = {reached_.restore(), modules_.restore()};
  for (const nb::object& module : set_) module.attr("training") = true;
  for (const auto& [module, flag] : flags_) {
    const nb::object now = attr_or_null(module.ptr(), api_.names.training);
    if (!now.is(flag)) module.attr("training") = flag;
  }
  for (const std::exception_ptr& error : failed) {
    if (error) std::rethrow_exception(error);
  }
}

}  // namespace thoplw::capture
