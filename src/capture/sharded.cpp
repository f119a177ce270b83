// Replaces the tables of sharded modules while a pass runs, so that the model's own stay untouched.
#include "capture/sharded.h"

#include <algorithm>
#include <string_view>

#include "capture/interrupts.h"

namespace thoplw::capture {
namespace {

constexpr const char* kTensors[] = {"_parameters", "_buffers"};
constexpr const char* kHooks[] = {"_forward_pre_hooks", "_forward_hooks"};

/// Modules of torch whose hooks gather parameters or spread activations.
constexpr std::string_view kPackages[] = {"torch.distributed.fsdp._fully_shard", "torch.distributed.tensor",
                                          "torch.distributed._tensor"};

bool gathers(nb::handle hook) {
  const nb::object package = nb::getattr(hook, "__module__", nb::none());
  if (!nb::isinstance<nb::str>(package)) return false;
  const std::string name = text_of(package.ptr());
  return std::ranges::any_of(kPackages, [&](std::string_view prefix) { return name.starts_with(prefix); });
}

/// Whether `condition` holds for one of the values.
template <typename Condition>
bool holds(PyObject* table, const Condition& condition) {
  PyObject *key = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(table, &at, &key, &value);) {
    if (condition(nb::handle(value))) return true;
  }
  return false;
}

/// The table of that name, if `condition` holds for one of its values.
template <typename Condition>
nb::object table_with(const nb::object& attributes, const char* name, const Condition& condition) {
  PyObject* table = PyDict_GetItemString(attributes.ptr(), name);
  return table && PyDict_Check(table) && holds(table, condition) ? nb::borrow(table) : nb::object();
}

nb::object attributes_of(nb::handle module) { return take(PyObject_GenericGetDict(module.ptr(), nullptr)); }

nb::object whole(nb::handle tensor) {
  const TorchApi& api = torch_api();
  const nb::object meta = api.empty_strided(tensor.attr("shape"), tensor.attr("stride")(),
                                            nb::arg("dtype") = tensor.attr("dtype"), nb::arg("device") = "meta");
  if (!nb::isinstance(tensor, api.parameter_type)) return meta;
  return api.parameter_type(meta, nb::arg("requires_grad") = tensor.attr("requires_grad"));
}

nb::object without_gathering(const nb::object& hooks) {
  nb::object rest = hooks.type()();  // an OrderedDict
  for (nb::handle item : hooks.attr("items")()) {
    if (!gathers(item[1])) rest[nb::object(item[0])] = item[1];
  }
  return rest;
}

/// `stand_ins` are those made so far, by identity: tied parameters stay tied.
nb::object with_stand_ins(const nb::object& tensors, nb::dict& stand_ins) {
  nb::object others = tensors.attr("copy")();
  for (nb::handle item : tensors.attr("items")()) {
    const nb::object tensor = item[1];
    if (!is_spread(tensor)) continue;
    const nb::int_ id(reinterpret_cast<std::uintptr_t>(tensor.ptr()));
    if (!stand_ins.contains(id)) stand_ins[id] = whole(tensor);
    others[nb::object(item[0])] = stand_ins[id];
  }
  return others;
}

}  // namespace

bool is_spread(nb::handle tensor) {
  PyObject* package = PyDict_GetItemString(PyImport_GetModuleDict(), "torch.distributed.tensor");
  return package && nb::isinstance(tensor, nb::handle(package).attr("DTensor"));
}

bool has_gathering_hooks(const TorchApi& api, nb::handle module) {
  const nb::object attributes = attributes_of(module);
  for (PyObject* name : {api.names.hooks[0], api.names.hooks[1]}) {
    PyObject* hooks = PyDict_GetItem(attributes.ptr(), name);
    if (hooks && PyDict_Check(hooks) && PyDict_GET_SIZE(hooks) > 0 && holds(hooks, gathers)) return true;
  }
  return false;
}

Whole::Whole(nb::handle model) {
  nb::dict stand_ins;
  try {
    for (nb::handle module : model.attr("modules")()) {
      const nb::object attributes = attributes_of(module);
      for (const char* name : kHooks) {
        const nb::object hooks = table_with(attributes, name, gathers);
        if (hooks.is_valid()) replace(attributes, name, without_gathering(hooks));
      }
      for (const char* name : kTensors) {
        const nb::object tensors = table_with(attributes, name, is_spread);
        if (tensors.is_valid()) replace(attributes, name, with_stand_ins(tensors, stand_ins));
      }
    }
  } catch (...) {
    restore();
    throw;
  }
}

Whole::~Whole() { restore(); }

void Whole::replace(const nb::object& attributes, const char* name, nb::object by) {
  entries_.push_back({attributes, name, nb::borrow(PyDict_GetItemString(attributes.ptr(), name))});
  if (PyDict_SetItemString(attributes.ptr(), name, by.ptr()) != 0) throw nb::python_error();
}

void Whole::restore() {
  undo("thoplw: putting sharded parameters back", [&] {
    for (const Entry& entry : entries_) {
      if (PyDict_SetItemString(entry.attributes.ptr(), entry.name, entry.before.ptr()) != 0) throw nb::python_error();
    }
  });
}

}  // namespace thoplw::capture
