// C++ code in place of Module.__call__: opens a call in the trace, runs forward (or the hooks' path), closes it.
#include "capture/module_call.h"

#include "capture/custom_cost.h"
#include "capture/entry_point.h"
#include "capture/leaf_modules.h"
#include "capture/model_walk.h"
#include "capture/nested.h"
#include "capture/torchs_own.h"

namespace thoplw::capture {
namespace {

int installed = 0;                      // captures in progress in all threads; the GIL guards it
EntryPoint module_call_function;        // Module.__call__
EntryPoint rule_function;               // what torch from 2.5 on asks, in Python, for each operator that a mode gets
EntryPoint enable_grad_function;        // torch.enable_grad.__enter__
EntryPoint set_grad_function;           // torch.set_grad_enabled.__init__
bool module_call_is_call_impl = false;  // before torch 2.1 one function is both
bool module_call_is_torchs = true;      // not something that another tool has put in its place

/// What classes of models have in place of Module.__call__.
auto& own_call_functions() {
  static auto* functions = new std::unordered_map<PyObject*, EntryPoint>;
  return *functions;
}

/// The exchanged function behind a call.
const EntryPoint& entry_of(PyObject* function) {
  const auto& own = own_call_functions();
  const auto found = own.empty() ? own.end() : own.find(function);
  return found == own.end() ? module_call_function : found->second;
}

/// Whether calling a module of that class does more than Module.__call__ of torch does. The call of torch.fx's
/// modules only words errors.
bool has_own_call(const nb::object& call) {
  if (call.is(module_call_function.function())) return !module_call_is_torchs;
  return call.is_valid() && !is_torchs_function(call.ptr(), "torch.fx.");
}

nb::object call_of(const TorchApi& api, PyObject* type) { return attr_or_null(type, api.names.call); }

PyObject* module_call(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names);

void exchange_own_calls(const Pass& pass) {
  for (const auto& [type, id] : pass.class_ids) {
    nb::object call = call_of(pass.api, type);
    if (call.is(module_call_function.function()) || !has_own_call(call) || !PyFunction_Check(call.ptr())) continue;
    EntryPoint& entry = own_call_functions()[call.ptr()];
    if (!entry.exchanged()) entry.exchange(std::move(call), module_call);
  }
}

/// Every tensor in an argument or result.
void collect_tensors(Pass& pass, PyObject* value, std::vector<Id>& values) {
  each_tensor(pass.api, value, [&](PyObject* tensor) { values.push_back(pass.tensors.known(tensor).value); });
}

/// What Module.__call__ does, without what torch.compile may have put in its place.
nb::object run_forward(const TorchApi& api, PyObject* module, PyObject* const* args, std::size_t count,
                       PyObject* names) {
  std::vector<PyObject*> stack;
  const std::size_t keywords = names ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0;
  stack.reserve(count + keywords + 1);
  stack.push_back(module);
  stack.insert(stack.end(), args, args + count + keywords);
  const nb::object dict = take(PyObject_GenericGetDict(module, nullptr));
  const bool hooks = has_hooks(api, Py_TYPE(module), dict.ptr());
  if (hooks && module_call_is_call_impl) {
    return take(
        module_call_function.call(module_call_function.function(), stack.data(), stack.size() - keywords, names));
  }
  PyObject* method = hooks ? api.names.call_impl : api.names.forward;
  return take(PyObject_VectorcallMethod(method, stack.data(), stack.size() - keywords, names));
}

/// Keeps the call stack balanced whatever happens inside.
struct OpenCall {
  OpenCall(Pass& in, Id module) : pass(in), strand(in.strand()), id(static_cast<Id>(in.trace.calls.size())) {
    const Id parent = strand.innermost_call();
    pass.trace.calls.push_back(
        {.module = module, .parent = parent, .first_op = op_count(), .end_op = 0, .in = {}, .out = {}, .custom = {}});
    strand.open_calls.push_back(id);
  }
  ~OpenCall() {
    call().end_op = op_count();
    strand.open_calls.pop_back();
  }
  OpenCall(const OpenCall&) = delete;
  OpenCall& operator=(const OpenCall&) = delete;

  Id op_count() const { return static_cast<Id>(pass.trace.ops.size()); }
  Call& call() const { return pass.trace.calls[static_cast<std::size_t>(id)]; }

  Pass& pass;
  Strand& strand;
  Id id;
};

/// Says which call is in its class's own __call__, and has not come to forward.
struct OwnCall {
  OwnCall(Strand& in, Id call) : strand(in), outer(std::exchange(in.own_call, call)) {}
  ~OwnCall() { strand.own_call = outer; }
  OwnCall(const OwnCall&) = delete;
  OwnCall& operator=(const OwnCall&) = delete;
  Strand& strand;
  Id outer;
};

/// Records a call of a module that `run` answers.
template <typename Run>
nb::object follow(Pass& pass, Id id, PyObject* module, PyObject* const* args, std::size_t count, PyObject* names,
                  const Run& run) {
  const OpenCall open(pass, id);
  const std::size_t given = count + (names ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0);
  std::vector<Id> values;
  for (std::size_t i = 0; i < given; ++i) collect_tensors(pass, args[i], values);
  open.call().in = std::move(values);
  const auto cls = static_cast<std::size_t>(pass.trace.modules[static_cast<std::size_t>(id)].cls);
  const CustomCost custom = pass.custom_by_class[cls];  // a copy: a forward may bring classes that are new
  nb::object output;
  const auto ask = [&] {
    const std::string path = pass.trace.modules[static_cast<std::size_t>(id)].path;
    const CustomResult result = ask_user(pass, custom, module, {args, count}, output, path);
    open.call().custom = result.macs;
    return result.output;
  };
  try {
    if (custom.in_place_of_forward) output = ask();
    if (!output.is_valid()) output = run(open.id, cls);
  } catch (...) {
    if (pass.failed_module == kNone) pass.failed_module = id;
    throw;
  }
  values.clear();
  collect_tensors(pass, output.ptr(), values);
  open.call().out = std::move(values);
  if (custom.function.is_valid() && !custom.in_place_of_forward) ask();
  return output;
}

/// The module's number in the trace; kNone where its work is that of the module around it.
Id module_id(Pass& pass, PyObject* module) {
  const auto known = pass.module_ids.find(module);
  if (known != pass.module_ids.end()) return known->second;
  const std::size_t classes = pass.class_ids.size();
  const Id id = adopt_module(pass, nb::borrow(module));
  if (pass.class_ids.size() > classes) exchange_own_calls(pass);
  return id;
}

/// Whether the innermost call is of that module and comes by here a second time, as its class's own __call__ goes on.
bool goes_on(Pass& pass, Id id) {
  const Strand& strand = pass.strand();
  return strand.own_call != kNone && strand.own_call == strand.innermost_call() &&
         pass.trace.calls[static_cast<std::size_t>(strand.own_call)].module == id;
}

nb::object follow_forward(Pass& pass, Id id, PyObject* module, PyObject* const* args, std::size_t count,
                          PyObject* names) {
  return follow(pass, id, module, args, count, names, [&](Id, std::size_t cls) {
    const Leaf* leaf = pass.casts ? nullptr : pass.leaf_by_class[cls];
    nb::object output;
    if (leaf && count == 1 && !names) output = run_leaf(pass, *leaf, module, args[0]);
    return output.is_valid() ? output : run_forward(pass.api, module, args, count, names);
  });
}

/// Module.__call__(self, *args, **kwargs), or what a class has in its place, while a capture is in progress somewhere.
PyObject* module_call(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  const std::size_t count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
  Pass* pass = Pass::current();
  const EntryPoint& entry = entry_of(function);
  const auto go_on = [&] { return take(entry.call(function, args, nargsf, names)); };
  if (!pass || count == 0) return entry.call(function, args, nargsf, names);
  try {
    const Id id = module_id(*pass, args[0]);
    if (id == kNone) return entry.call(function, args, nargsf, names);
    PyObject* module = pass->modules[static_cast<std::size_t>(id)].ptr();  // not its wrapper
    const bool own = &entry != &module_call_function || !module_call_is_torchs;
    nb::object output;
    if (goes_on(*pass, id)) {
      Strand& strand = pass->strand();
      const OwnCall at_forward(strand, own ? strand.own_call : kNone);
      output = own ? go_on() : run_forward(pass->api, module, args + 1, count - 1, names);
    } else if (own) {
      output = follow(*pass, id, module, args + 1, count - 1, names, [&](Id call, std::size_t) {
        const OwnCall before_forward(pass->strand(), call);
        return go_on();
      });
    } else {
      output = follow_forward(*pass, id, module, args + 1, count - 1, names);
    }
    return output.release().ptr();
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

/// find_torch_dispatch_rule(op, mode class): nobody has registered rules for our mode.
PyObject* no_rule(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  Pass* pass = Pass::current();
  if (pass && PyVectorcall_NARGS(nargsf) == 2 && args[1] == reinterpret_cast<PyObject*>(Py_TYPE(pass->mode.ptr()))) {
    Py_RETURN_NONE;
  }
  return rule_function.call(function, args, nargsf, names);
}

/// Autograd is asked for: within inference mode torch gives no gradients, often without a word. A model that trains
/// may only switch on what it has switched off.
void note_autograd() {
  Pass* pass = Pass::current();
  if (pass && !pass->trace.training) pass->wanted.autograd = true;
}

PyObject* enable_grad(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  note_autograd();
  return enable_grad_function.call(function, args, nargsf, names);
}

PyObject* set_grad(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  const bool on = PyVectorcall_NARGS(nargsf) + (names ? PyTuple_GET_SIZE(names) : 0) == 2 && args[1] == Py_True;
  if (on) note_autograd();
  return set_grad_function.call(function, args, nargsf, names);
}

}  // namespace

nb::object call_module(Pass& pass, PyObject* module, PyObject* const* args, std::size_t count, PyObject* names) {
  const Id id = pass.module_ids.at(module);
  if (!has_own_call(call_of(pass.api, reinterpret_cast<PyObject*>(Py_TYPE(module))))) {
    return follow_forward(pass, id, module, args, count, names);
  }
  return follow(pass, id, module, args, count, names, [&](Id call, std::size_t) {
    const OwnCall before_forward(pass.strand(), call);
    return take(PyObject_Vectorcall(module, args, count, names));
  });
}

ModuleCalls::ModuleCalls(const Pass& pass) {
  if (installed == 0) {
    const TorchApi& api = torch_api();
    nb::object function = take(PyObject_GetAttr(api.module_type.ptr(), api.names.call));
    if (!PyFunction_Check(function.ptr())) {
      throw Error(
          "torch.nn.Module.__call__ has been replaced by something that is not a Python function; undo that first");
    }
    const nb::object name = take(PyObject_GetAttr(function.ptr(), api.names.module_name));
    module_call_is_call_impl = name.equal(nb::handle(api.names.call_impl));
    module_call_is_torchs = is_torchs_function(function.ptr(), "torch.nn.modules.module");
    module_call_function.exchange(std::move(function), module_call);
    if (PyFunction_Check(api.find_dispatch_rule.ptr())) rule_function.exchange(api.find_dispatch_rule, no_rule);
    enable_grad_function.exchange(api.torch.attr("enable_grad").attr("__enter__"), enable_grad);
    set_grad_function.exchange(api.torch.attr("set_grad_enabled").attr("__init__"), set_grad);
  }
  exchange_own_calls(pass);
  ++installed;
}

ModuleCalls::~ModuleCalls() { keep(installed - 1); }

void ModuleCalls::keep(int count) {
  const bool were_some = installed > 0;
  installed = count;
  if (count > 0 || !were_some) return;
  module_call_function.put_back();
  for (auto& [function, entry] : own_call_functions()) entry.put_back();
  own_call_functions().clear();
  if (rule_function.exchanged()) rule_function.put_back();
  enable_grad_function.put_back();
  set_grad_function.put_back();
}

}  // namespace thoplw::capture
