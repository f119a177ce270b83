// Walks the module tree as named_modules() does: each module once, by its first path.
#include "capture/model_walk.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>

#include "base/formatted.h"
#include "capture/custom_cost.h"
#include "capture/lazy_parameters.h"
#include "capture/leaf_modules.h"
#include "capture/packed.h"
#include "capture/sharded.h"
#include "capture/snapshot.h"

namespace thoplw::capture {
namespace {

/// Class names of wrappers and the attribute that holds the wrapped module.
struct Wrapper {
  std::string_view cls;
  const char* attr;
};
constexpr std::array<Wrapper, 4> kWrappers = {{
    {"torch._dynamo.eval_frame.OptimizedModule", "_orig_mod"},
    {"torch.nn.parallel.data_parallel.DataParallel", "module"},
    {"torch.nn.parallel.distributed.DistributedDataParallel", "module"},
    {"torch.distributed.fsdp.fully_sharded_data_parallel.FullyShardedDataParallel", "module"},
}};

struct Walker {
  Pass& pass;
  std::map<Id, std::set<Id>> again{};  ///< by module: what it is an attribute of, but for the first

  Id class_id(PyObject* module) {
    PyTypeObject* type = Py_TYPE(module);
    const auto [found, fresh] =
        pass.class_ids.try_emplace(reinterpret_cast<PyObject*>(type), static_cast<Id>(pass.trace.classes.size()));
    if (!fresh) return found->second;
    const nb::handle module_type(reinterpret_cast<PyObject*>(type));
    Class cls{.name = class_name(module_type), .bases = {}};
    for (nb::handle base : nb::borrow(type->tp_mro)) {
      if (base.is(pass.api.module_type)) break;
      if (base.ptr() != reinterpret_cast<PyObject*>(type)) cls.bases.push_back(class_name(base));
    }
    pass.leaf_by_class.push_back(find_leaf(module_type, cls.name));
    pass.custom_by_class.push_back(find_custom_cost(pass.custom_ops, type));
    pass.trace.classes.push_back(std::move(cls));
    return found->second;
  }

  /// Of torch.nn: what these hold is in their tables.
  bool is_torchs_own(Id id) const {
    const Id cls = pass.trace.modules[static_cast<std::size_t>(id)].cls;
    return pass.trace.classes[static_cast<std::size_t>(cls)].name.starts_with("torch.nn.");
  }

  /// Calls visit(name, value) for each entry of a mapping attribute such as _modules.
  template <typename Visit>
  void each(PyObject* module, PyObject* attr, Visit visit) {
    const nb::object mapping = take(PyObject_GetAttr(module, attr));
    if (PyDict_Check(mapping.ptr())) {
      PyObject *name = nullptr, *value = nullptr;
      Py_ssize_t at = 0;
      while (PyDict_Next(mapping.ptr(), &at, &name, &value)) {
        if (value != Py_None) visit(name, value);
      }
      return;
    }
    for (nb::handle item : mapping.attr("items")()) {  // ScriptModule has mappings of its own
      if (!item[1].is_none()) visit(nb::object(item[0]).ptr(), nb::object(item[1]).ptr());
    }
  }

  void add_tensors(PyObject* module, Id id, bool buffers) {
    const TorchApi& api = pass.api;
    each(module, buffers ? api.names.buffers : api.names.parameters, [&](PyObject* name, PyObject* tensor) {
      if (!api.is_tensor(tensor)) return;
      if (!api.is_plain_tensor(tensor) && is_spread(tensor)) throw Sharded();
      if (!api.is_plain_tensor(tensor) && nb::isinstance(tensor, api.uninitialized_type)) {
        if (pass.initialised) return;
        throw Uninitialized();
      }
      pass.external_tensors.push_back(nb::borrow(tensor));
      Param param{.name = text_of(name), .module = id, .value = kNone, .buffer = buffers, .trainable = false};
      param.value = pass.tensors.known(tensor).value;
      Tensor& held = pass.trace.values[static_cast<std::size_t>(param.value)];
      if (is_integral(held.dtype) && !held.shape.empty()) {
        Dims sizes = unpacked_sizes(module, param.name, tensor);
        if (!sizes.empty()) {
          held.shape = std::move(sizes);
          param.buffer = false;  // where a layer keeps its weight among the buffers
        }
      }
      if (!buffers) param.trainable = attr_or_null(tensor, api.names.requires_grad).is(nb::bool_(true));
      pass.trace.params.push_back(std::move(param));
    });
  }

  void visit(nb::object wrapped, const std::string& path, Id parent) {
    nb::object module = unwrapped(pass.api, wrapped);
    const Id id = static_cast<Id>(pass.modules.size());
    const auto [known, fresh] = pass.module_ids.try_emplace(module.ptr(), id);
    if (!fresh) {
      const Id first = pass.trace.modules[static_cast<std::size_t>(known->second)].parent;
      if (parent != first) again[known->second].insert(parent);
      return;
    }
    if (has_gathering_hooks(pass.api, module)) throw Sharded();
    pass.module_ids.emplace(wrapped.ptr(), id);
    pass.trace.modules.push_back({path, class_id(module.ptr()), parent});
    pass.modules.push_back(module);
    add_tensors(module.ptr(), id, false);
    add_tensors(module.ptr(), id, true);
    if (!is_torchs_own(id)) add_packed_objects(pass, module.ptr(), id);
    each(module.ptr(), pass.api.names.modules, [&](PyObject* name, PyObject* child) {
      if (!pass.api.is_module(child)) return;
      visit(nb::borrow(child), path.empty() ? text_of(name) : path + '.' + text_of(name), id);
    });
  }

  /// A module that is an attribute of several stands in all the places of all of them.
  void count_places() {
    if (again.empty()) return;
    std::set<Id> counted;
    for (std::size_t i = 0; i < pass.trace.modules.size(); ++i) places(static_cast<Id>(i), counted);
  }

  Count places(Id id, std::set<Id>& counted) {
    Module& module = pass.trace.modules[static_cast<std::size_t>(id)];
    if (module.parent == kNone || !counted.insert(id).second) return module.places;
    Count sum = places(module.parent, counted);
    for (Id parent : again[id]) sum += places(parent, counted);
    return module.places = sum;
  }
};

/// "layers.0" where the owner's attribute `layers` is a plain list that holds the module first; else its class.
std::string name_within(const nb::object& owner, const nb::object& module) {
  const nb::dict attributes = nb::borrow<nb::dict>(take(PyObject_GenericGetDict(owner.ptr(), nullptr)));
  for (auto [name, value] : attributes) {
    if (value.is(module)) return str_of(name.ptr());
    if (!PyList_Check(value.ptr()) && !PyTuple_Check(value.ptr()) && !PyDict_Check(value.ptr())) continue;
    const bool keyed = PyDict_Check(value.ptr());
    std::size_t index = 0;
    for (nb::handle item : nb::borrow(keyed ? nb::object(value.attr("items")()) : nb::borrow(value))) {
      const nb::handle held = keyed ? nb::handle(PyTuple_GET_ITEM(item.ptr(), 1)) : item;
      if (held.is(module)) {
        const std::string at = keyed ? str_of(PyTuple_GET_ITEM(item.ptr(), 0)) : std::to_string(index);
        return name.equal(nb::str("_modules")) ? at : str_of(name.ptr()) + '.' + at;
      }
      ++index;
    }
  }
  return name_of(module.type());
}

/// Paths name modules: one that is taken gets a number.
std::string unused_path(Pass& pass, const std::string& wanted) {
  for (std::size_t i = pass.paths_known; i < pass.trace.modules.size(); ++i) {
    pass.path_numbers.try_emplace(pass.trace.modules[i].path, 1);
  }
  pass.paths_known = pass.trace.modules.size();
  const auto [taken, fresh] = pass.path_numbers.try_emplace(wanted, 1);
  std::string path = wanted;
  while (!fresh && pass.path_numbers.contains(path)) path = formatted("{}#{}", wanted, ++taken->second);
  return path;
}

}  // namespace

std::string class_name(nb::handle type) {
  std::string package = name_of(type, "__module__");
  const std::string name = name_of(type, "__qualname__");
  if (package.starts_with("torch.nn.modules.")) package = "torch.nn";
  return package + '.' + name;
}

nb::object unwrapped(const TorchApi& api, nb::object module) {
  while (true) {
    const std::string_view name = Py_TYPE(module.ptr())->tp_name;  // without its package
    const auto wrapper = std::find_if(kWrappers.begin(), kWrappers.end(), [&](const Wrapper& row) {
      return row.cls.ends_with(name) && row.cls == class_name(module.type());
    });
    if (wrapper == kWrappers.end()) return module;
    nb::object inner = module.attr(wrapper->attr);
    if (!api.is_module(inner.ptr())) return module;
    module = std::move(inner);
  }
}

Id adopt_module(Pass& pass, nb::object module) {
  const auto wrapped = pass.module_ids.find(unwrapped(pass.api, module).ptr());
  if (wrapped != pass.module_ids.end()) {  // torch.compile(self.layer)(x) in a forward
    const Id inside = wrapped->second;
    pass.wrappers.push_back(module);
    pass.module_ids.emplace(module.ptr(), inside);
    return inside;
  }
  const nb::object parameters = module.attr("parameters")();
  const nb::object first = nb::steal(PyIter_Next(parameters.ptr()));
  if (!first.is_valid()) return kNone;
  const Id innermost = pass.strand().innermost_call();
  const Id around = innermost == kNone ? 0 : pass.trace.calls[static_cast<std::size_t>(innermost)].module;
  const std::size_t known = pass.modules.size();
  const auto id = static_cast<Id>(known);
  const std::string path = pass.trace.modules[static_cast<std::size_t>(around)].path;
  const std::string name = name_within(pass.modules[static_cast<std::size_t>(around)], module);
  Walker{pass}.visit(std::move(module), unused_path(pass, path.empty() ? name : path + '.' + name), around);
  pass.snapshot->take_of({pass.modules.begin() + static_cast<std::ptrdiff_t>(known), pass.modules.end()});
  pass.adopted += pass.modules.size() - known;
  return id;
}

void note_adopted(Pass& pass) {
  if (pass.adopted == 0) return;
  const auto first = static_cast<Id>(pass.modules.size() - pass.adopted);
  std::set<Id> registered, strangers;
  for (const Param& param : pass.trace.params) {
    if (param.module < first) registered.insert(param.value);
  }
  for (const Param& param : pass.trace.params) {
    if (registered.contains(param.value)) continue;  // of the model, in a wrapper
    for (Id id = param.module; id >= first; id = pass.trace.modules[static_cast<std::size_t>(id)].parent) {
      strangers.insert(id);
    }
  }
  if (strangers.empty()) return;
  pass.trace.notes.push_back(formatted(
      "{} modules are no submodules of the model, {} the first (kept in a plain list, or built in forward): they are "
      "counted, though model.parameters() does not list what they hold",
      strangers.size(), pass.trace.modules[static_cast<std::size_t>(*strangers.begin())].path));
}

void walk_model(Pass& pass, nb::object root) {
  Walker walker{pass};
  pass.trace.model = name_of(unwrapped(pass.api, root).type());
  walker.visit(std::move(root), "", kNone);
  walker.count_places();
  pass.model_tensors = pass.external_tensors.size();
}

}  // namespace thoplw::capture
