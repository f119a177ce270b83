// Calls the forward of a custom function with a context that notes what is kept, in place of Function.apply.
#include "capture/autograd_functions.h"

#include <algorithm>
#include <array>

#include "base/formatted.h"
#include "capture/checkpoints.h"
#include "capture/exchanged_code.h"
#include "capture/model_walk.h"
#include "capture/nested.h"
#include "capture/regions.h"
#include "count/training/autograd.h"

namespace thoplw::capture {
namespace {

/// The class method torch.autograd.Function.apply, which all custom functions inherit. Up to torch 2.13 it is written
/// in Python and its code is exchanged, from 2.14 on in C and its row in torch's table of methods is. Both serve it
/// under other names too: gelu = Gelu.apply.
class Apply {
 public:
  void exchange(ExchangedCode::Ours ours) {
    const nb::object function = torch_api().torch.attr("autograd").attr("Function");
    const nb::object python = nb::getattr(nb::object(function.attr("apply")), "__func__", nb::none());
    if (!python.is_none()) return code_.exchange(python, ours);
    for (nb::handle base : nb::object(function.attr("__mro__"))) {
      const nb::object found = nb::getattr(base, "__dict__").attr("get")("apply");
      if (Py_TYPE(found.ptr()) != &PyClassMethodDescr_Type) continue;
      PyMethodDef* row = reinterpret_cast<PyMethodDescrObject*>(found.ptr())->d_method;
      if (row->ml_flags != (METH_CLASS | METH_VARARGS | METH_KEYWORDS)) return;
      row_ = row;
      ours_ = ours;
      theirs_ = std::exchange(row->ml_meth, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(in_place)));
      return;
    }
  }
  void put_back() {
    if (row_) row_->ml_meth = theirs_;
    row_ = nullptr;
    code_.put_back();
  }
  /// apply(cls, *args, **kwargs), as it was.
  nb::object original(const nb::args& args, const nb::kwargs& kwargs) const {
    if (!row_) return code_.original(args, kwargs);
    const nb::object rest = take(PyTuple_GetSlice(args.ptr(), 1, PyTuple_GET_SIZE(args.ptr())));
    const auto theirs = reinterpret_cast<PyCFunctionWithKeywords>(reinterpret_cast<void (*)()>(theirs_));
    return take(theirs(nb::object(args[0]).ptr(), rest.ptr(), kwargs.size() > 0 ? kwargs.ptr() : nullptr));
  }

 private:
  static PyObject* in_place(PyObject* cls, PyObject* args, PyObject* kwargs) {
    try {
      const nb::object all = take(PySequence_Concat(nb::make_tuple(nb::handle(cls)).ptr(), args));
      const nb::kwargs named = kwargs ? nb::borrow<nb::kwargs>(kwargs) : nb::kwargs();
      return ours_(nb::borrow<nb::args>(all), named).release().ptr();
    } catch (nb::python_error& error) {
      error.restore();
    } catch (const Error& error) {
      set_error(error);
    }
    return nullptr;
  }

  ExchangedCode code_;
  PyMethodDef* row_ = nullptr;  ///< null: not exchanged so
  PyCFunction theirs_ = nullptr;
  static inline ExchangedCode::Ours ours_ = nullptr;
};

Apply& apply() {
  static auto* method = new Apply;
  return *method;
}

/// Autograd is off in the forward of a custom function.
class GradOff {
 public:
  explicit GradOff(const TorchApi& api) : api_(api), before_(api.records_grad()) { set(false); }
  ~GradOff() {
    undo("thoplw: switching autograd on again", [&] { set(before_); });
  }
  GradOff(const GradOff&) = delete;
  GradOff& operator=(const GradOff&) = delete;

 private:
  void set(bool on) const { take(PyObject_CallOneArg(api_.set_grad_enabled.ptr(), nb::bool_(on).ptr())); }

  const TorchApi& api_;
  bool before_;
};

/// What torch gives as ctx.needs_input_grad.
nb::object needs_input_grad(Pass& pass, const nb::tuple& args) {
  nb::list needs;
  for (nb::handle arg : args) {
    bool needed = false;
    if (pass.api.is_tensor(arg.ptr())) {
      const KnownTensor& tensor = pass.tensors.known(arg.ptr());
      needed = tensor.own ? requires_grad(pass.trace, tensor.value)
                          : attr_or_null(arg.ptr(), pass.api.names.requires_grad).is(nb::bool_(true));
    }
    needs.append(needed);
  }
  return nb::tuple(needs);
}

bool has_setup(const nb::object& cls) {
  const nb::object base = torch_api().torch.attr("autograd").attr("Function");
  return nb::hasattr(base, "setup_context") && !cls.attr("setup_context").equal(base.attr("setup_context"));
}

/// The arguments by position, with defaults filled in, as setup_context gets them.
nb::tuple bound(const nb::object& forward, const nb::tuple& args, const nb::dict& kwargs) {
  const nb::object signature = nb::module_::import_("inspect").attr("signature")(forward);
  const nb::object all = signature.attr("bind")(*args, **kwargs);
  all.attr("apply_defaults")();
  return nb::borrow<nb::tuple>(nb::object(all.attr("args")));
}

/// The tensors that a context holds, of those that it keeps for backward.
std::vector<Id> kept_by(Pass& pass, const nb::object& context) {
  constexpr std::array<std::string_view, 3> kMarks = {"dirty_tensors", "non_differentiable", "shared_pairs"};
  std::vector<Id> kept;
  for (auto [name, value] : nb::borrow<nb::dict>(nb::object(context.attr("__dict__")))) {
    if (std::ranges::find(kMarks, str_of(name.ptr())) == kMarks.end()) add_tensors(pass, value.ptr(), kept);
  }
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  return kept;
}

/// What torch's context class has besides in a forward: its name, and what has been kept so far.
nb::object context_class() {
  constexpr const char* kSource = R"(
class Context(FunctionCtx):
    to_save = ()
    saved_tensors = property(lambda self: tuple(self.to_save))
    name = lambda self: self._forward_cls.__name__ + "Backward"
)";
  static PyObject* made = [] {
    nb::dict scope;
    scope["__builtins__"] = nb::module_::import_("builtins");
    scope["FunctionCtx"] = nb::module_::import_("torch.autograd.function").attr("FunctionCtx");
    take(PyRun_String(kSource, Py_file_input, scope.ptr(), scope.ptr()));
    return nb::object(scope["Context"]).release().ptr();
  }();
  return nb::borrow(made);
}

/// Whether a forward has asked the context for something that it does not have.
bool lacks_context(const nb::python_error& error) {
  if (!error.matches(PyExc_AttributeError)) return false;
  const nb::object asked = nb::getattr(error.value(), "obj", nb::none());
  return nb::isinstance(asked, context_class());
}

nb::object run_forward(const nb::object& cls, const nb::object& context, const nb::tuple& args,
                       const nb::dict& kwargs) {
  const nb::object forward = cls.attr("forward");
  if (!has_setup(cls)) return forward(context, *args, **kwargs);
  nb::object output = forward(*args, **kwargs);
  cls.attr("setup_context")(context, args, output);
  return output;
}

nb::object run(Pass& pass, const nb::object& cls, nb::tuple args, const nb::dict& kwargs) {
  const nb::object context = context_class()();
  context.attr("_forward_cls") = cls;
  nb::dict named = kwargs;
  if (has_setup(cls)) {
    args = bound(cls.attr("forward"), args, kwargs);
    named = nb::dict();
  }
  OpenRegion open(pass, Region::Kind::function, class_name(cls));
  context.attr("needs_input_grad") = needs_input_grad(pass, args);
  std::vector<Id> in, out;
  add_tensors(pass, args.ptr(), in);
  open.region().in = std::move(in);
  nb::object output;
  {
    const GradOff off(pass.api);
    output = run_forward(cls, context, args, named);
  }
  add_tensors(pass, output.ptr(), out);
  open.region().out = std::move(out);
  open.region().kept = kept_by(pass, context);
  return output;
}

/// Torch's own function does what it does; what it keeps is not seen.
nb::object watch(Pass& pass, const nb::args& args, const nb::kwargs& kwargs) {
  OpenRegion open(pass, Region::Kind::function, class_name(args[0]));
  std::vector<Id> in, out;
  add_tensors(pass, args.ptr(), in);
  open.region().in = std::move(in);
  nb::object output = apply().original(args, kwargs);
  add_tensors(pass, output.ptr(), out);
  open.region().out = std::move(out);
  return output;
}

bool in_transform(const TorchApi& api) { return !take(PyObject_CallNoArgs(api.innermost_transform.ptr())).is_none(); }

/// apply(cls, *args, **kwargs)
nb::object ours(const nb::args& args, const nb::kwargs& kwargs) {
  Pass* pass = training_pass();
  if (!pass || args.size() == 0 || in_transform(pass->api)) return apply().original(args, kwargs);
  const nb::object cls = args[0];
  const nb::tuple given = nb::borrow<nb::tuple>(take(PyTuple_GetSlice(args.ptr(), 1, PyTuple_GET_SIZE(args.ptr()))));
  if (is_checkpoint(cls.ptr())) return run_reentrant(*pass, given);
  if (!pass->api.records_grad()) return apply().original(args, kwargs);
  if (pass->autograd) return watch(*pass, args, kwargs);
  const std::size_t operators = pass->trace.ops.size(), calls = pass->trace.calls.size();
  const std::size_t regions = pass->trace.regions.size();
  try {
    return run(*pass, cls, given, kwargs);
  } catch (const nb::python_error& error) {
    if (!lacks_context(error) || pass->trace.calls.size() > calls) throw;
  }
  pass->trace.ops.resize(operators);  // once more, with torch's own context
  pass->trace.regions.resize(regions);
  pass->region_ops.resize(regions);
  for (std::vector<Id>& inside : pass->region_ops) {
    std::erase_if(inside, [&](Id op) { return op >= static_cast<Id>(operators); });
  }
  pass->trace.notes.push_back(formatted("what {} keeps for backward is not known", class_name(cls)));
  const GradOff off(pass->api);
  return watch(*pass, args, kwargs);
}

}  // namespace

void exchange_functions() { apply().exchange(ours); }

void put_back_functions() { apply().put_back(); }

}  // namespace thoplw::capture
