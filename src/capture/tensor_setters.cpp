// Replaces the C functions behind the setters of torch.Tensor by ones that first keep what is there.
#include "capture/tensor_setters.h"

#include <array>

#include "capture/grad_mode.h"
#include "capture/questions.h"
#include "capture/regions.h"
#include "capture/snapshot.h"
#include "count/training/autograd.h"

namespace thoplw::capture {
namespace {

/// A property of torch.Tensor, whose descriptor is given another row of C functions.
struct Property {
  const char* name;
  PyGetSetDescrObject* descriptor = nullptr;
  PyGetSetDef* theirs = nullptr;
  PyGetSetDef ours{};
};
std::array<Property, 5> properties = {
    {{"data"}, {"grad"}, {"requires_grad"}, {"_backward_hooks"}, {"_post_accumulate_grad_hooks"}}};
constexpr std::size_t kRequiresGrad = 2;
constexpr std::size_t kFirstOfHooks = 3;

/// A method or function of torch, which is given another definition.
struct Function {
  PyMethodDef** place = nullptr;
  PyMethodDef* theirs = nullptr;
  PyMethodDef ours{};
};
Function requires_grad_method, swap_function;
int installed = 0;  // captures in progress in all threads; the GIL guards it

void keep_before_setting(PyObject* tensor, bool data) {
  Pass* pass = Pass::current();
  if (!pass || !pass->api.is_tensor(tensor) || pass->tensors.is_own(tensor)) return;
  if (data) {
    keep_data(*pass, tensor);
  } else {
    keep_settings(*pass, tensor);
  }
}

/// Of a model that trains: x.requires_grad = True makes gradients flow where they would not, so that it is on record.
void record_requires_grad(PyObject* tensor, bool required) {
  Pass* pass = training_pass();
  if (!pass || !pass->api.is_tensor(tensor)) return;
  const Id value = pass->tensors.known(tensor).value;
  Op& op = add_op(*pass, "aten::requires_grad_");
  op.in = op.out = {value};
  if (!required) op.attrs.push_back({"requires_grad", false});
}

template <std::size_t I>
int set_property(PyObject* self, PyObject* value, void* closure) {
  try {
    keep_before_setting(self, I == 0);
    if (I == kRequiresGrad && value) record_requires_grad(self, value == Py_True);
  } catch (nb::python_error& error) {
    error.restore();
    return -1;
  }
  return properties[I].theirs->set(self, value, closure);
}
constexpr std::array<setter, 5> kSetters = {set_property<0>, set_property<1>, set_property<2>, set_property<3>,
                                            set_property<4>};

/// x.data is x.detach(): before torch 2.5 it raises where a mode makes an inference tensor of it.
PyObject* get_data(PyObject* self, void* closure) {
  const Pass* pass = Pass::current();
  if (!pass || NotTheForward::asks() || !pass->tensors.is_own(self)) return properties[0].theirs->get(self, closure);
  return PyObject_CallMethod(self, "detach", nullptr);
}

/// Under inference mode no result of an operator requires a gradient; what it would say is known by the operators so
/// far.
PyObject* get_requires_grad(PyObject* self, void* closure) {
  Pass* pass = training_pass();
  if (!pass || !pass->tensors.is_own(self)) return properties[kRequiresGrad].theirs->get(self, closure);
  return PyBool_FromLong(requires_grad(pass->trace, pass->tensors.known(self).value) ? 1 : 0);
}

/// Reading counts as setting for dictionaries of hooks, since the reader may add a hook.
template <std::size_t I>
PyObject* get_property(PyObject* self, void* closure) {
  try {
    keep_before_setting(self, false);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
  return properties[I].theirs->get(self, closure);
}
constexpr std::array<getter, 5> kGetters = {get_data, nullptr, get_requires_grad, get_property<3>, get_property<4>};

/// Tensor.requires_grad_(requires_grad=True)
PyObject* set_requires_grad(PyObject* self, PyObject* args, PyObject* kwargs) {
  try {
    keep_before_setting(self, false);
    PyObject* named = kwargs ? PyDict_GetItemString(kwargs, "requires_grad") : nullptr;
    PyObject* given = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : named;
    record_requires_grad(self, !given || given == Py_True);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
  const auto theirs =
      reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(requires_grad_method.theirs->ml_meth));
  return theirs(self, args, kwargs);
}

/// torch._C._swap_tensor_impl(a, b)
PyObject* swap_tensors(PyObject* self, PyObject* args) {
  try {
    const auto both = nb::borrow<nb::tuple>(args);
    for (nb::handle tensor : both) keep_before_setting(tensor.ptr(), false);
    if (Pass* pass = Pass::current()) pass->swaps.push_back(both);
  } catch (nb::python_error& error) {
    error.restore();
    return nullptr;
  }
  return swap_function.theirs->ml_meth(self, args);
}

void exchange(Property& property, getter get, setter set) {
  const nb::object found = nb::getattr(torch_api().tensor_type, property.name, nb::none());
  if (Py_TYPE(found.ptr()) != &PyGetSetDescr_Type) return;
  property.descriptor = reinterpret_cast<PyGetSetDescrObject*>(found.ptr());  // torch.Tensor keeps it
  property.theirs = property.descriptor->d_getset;
  property.ours = *property.theirs;
  property.ours.set = set;
  if (get) property.ours.get = get;
  property.descriptor->d_getset = &property.ours;
}

void exchange(Function& function, PyMethodDef** place, PyCFunction ours, int flags) {
  if (((*place)->ml_flags & (METH_VARARGS | METH_KEYWORDS | METH_FASTCALL)) != flags) return;
  function.place = place;
  function.theirs = *place;
  function.ours = *function.theirs;
  function.ours.ml_meth = ours;
  *place = &function.ours;
}

void put_back(Function& function) {
  if (function.place) *function.place = function.theirs;
  function.place = nullptr;
}

void exchange_functions() {
  const TorchApi& api = torch_api();
  const nb::object method = api.tensor_type.attr("requires_grad_");
  if (Py_TYPE(method.ptr()) == &PyMethodDescr_Type) {
    exchange(requires_grad_method, &reinterpret_cast<PyMethodDescrObject*>(method.ptr())->d_method,
             reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(set_requires_grad)),
             METH_VARARGS | METH_KEYWORDS);
  }
  const nb::object swap = nb::getattr(api.torch.attr("_C"), "_swap_tensor_impl", nb::none());  // from torch 2.3 on
  if (PyCFunction_Check(swap.ptr())) {
    exchange(swap_function, &reinterpret_cast<PyCFunctionObject*>(swap.ptr())->m_ml, swap_tensors, METH_VARARGS);
  }
}

void set(PyObject* tensor, const char* name, const nb::object& value) {
  if (attr_or_null(tensor, nb::str(name).ptr()).is(value)) return;
  if (PyObject_SetAttrString(tensor, name, value.ptr()) != 0) throw nb::python_error();
}

/// A dictionary of hooks that the forward has made is emptied, too: torch still calls what is in it after the tensor
/// has got another one.
void set_hooks(PyObject* tensor, const char* name, const nb::object& before) {
  const nb::object now = attr_or_null(tensor, nb::str(name).ptr());
  if (now.is_valid() && PyDict_Check(now.ptr()) && !now.is(before)) make_empty(now.ptr());
  set(tensor, name, before);
}

/// Torch refuses data of another device, for example real data for a tensor that is now on meta. Our mode allows it,
/// but torch asks the mode only under inference mode.
void set_data(Pass& pass, PyObject* tensor, const nb::object& data) {
  const OnStrand on_strand(pass.own);
  int failed = 0;
  {
    const GradMode mode(pass.api, Grad::inference);
    const ModeOn on(pass);
    failed = PyObject_SetAttr(tensor, pass.api.names.data, data.ptr());
  }
  if (failed) throw nb::python_error();
}

}  // namespace

TensorSetters::TensorSetters() {
  if (installed++ > 0) return;
  for (std::size_t i = 0; i < properties.size(); ++i) exchange(properties[i], kGetters[i], kSetters[i]);
  exchange_functions();
}

TensorSetters::~TensorSetters() {
  if (--installed > 0) return;
  for (Property& property : properties) {
    if (property.descriptor) property.descriptor->d_getset = property.theirs;
  }
  put_back(requires_grad_method);
  put_back(swap_function);
}

void keep_settings(Pass& pass, PyObject* tensor) {
  const auto [found, fresh] = pass.settings.try_emplace(tensor);
  if (!fresh) return;
  KeptSettings& kept = found->second;
  kept.tensor = nb::borrow(tensor);
  kept.data = attr_or_null(tensor, pass.api.names.data);
  kept.grad = attr_or_null(tensor, nb::str("grad").ptr());
  for (std::size_t i = kFirstOfHooks; i < properties.size(); ++i) {
    nb::object hooks = attr_or_null(tensor, nb::str(properties[i].name).ptr());
    if (hooks.is_valid() && PyDict_Check(hooks.ptr())) pass.snapshot->keep_items(hooks.ptr());
    kept.hooks.emplace_back(properties[i].name, std::move(hooks));
  }
  kept.requires_grad = attr_or_null(tensor, pass.api.names.requires_grad);
}

void keep_data(Pass& pass, PyObject* tensor) {
  if (pass.tensors.is_own(tensor)) return;
  keep_settings(pass, tensor);
  pass.settings.at(tensor).data_set = true;
}

void restore_settings(Pass& pass) {
  std::exception_ptr first;
  for (; !pass.swaps.empty(); pass.swaps.pop_back()) {  // the other way round
    const nb::object swap = pass.api.torch.attr("_C").attr("_swap_tensor_impl");
    if (!nb::steal(PyObject_CallObject(swap.ptr(), pass.swaps.back().ptr())).is_valid()) {
      first = std::make_exception_ptr(nb::python_error());
    }
  }
  for (auto& [tensor, kept] : pass.settings) {
    try {
      if (kept.data_set && kept.data.is_valid()) set_data(pass, tensor, kept.data);
      if (kept.requires_grad.is_valid()) set(tensor, "requires_grad", kept.requires_grad);
      if (kept.grad.is_valid()) set(tensor, "grad", kept.grad);
      for (const auto& [name, hooks] : kept.hooks) {
        if (hooks.is_valid()) set_hooks(tensor, name, hooks);
      }
    } catch (const nb::python_error&) {
      if (!first) first = std::current_exception();
    }
  }
  if (first) std::rethrow_exception(first);
}

}  // namespace thoplw::capture
