// Calls the forward of a custom function with a context that notes what is kept, in place of Function.apply.
#include "capture/autograd_functions.h"

#include <algorithm>
#include <array>

#include "capture/checkpoints.h"
#include "capture/model_walk.h"
#include "capture/nested.h"
#include "capture/regions.h"

namespace thoplw::capture {
namespace {

/// The function of torch.autograd.Function.apply, which all custom functions inherit, some under other names:
/// gelu = Gelu.apply. Its code is exchanged, since Python 3.11 calls functions written in Python past their entry
/// points.
struct Apply {
  nb::object function;  ///< null: not exchanged
  nb::object code;      ///< its own
  nb::object original;  ///< another function with that code
};
Apply& apply() {
  static auto* kept = new Apply;
  return *kept;
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

/// What torch gives as ctx.needs_input_grad. Which activations need one is not known under inference mode: all may.
nb::object needs_input_grad(Pass& pass, const nb::tuple& args) {
  nb::list needs;
  for (nb::handle arg : args) {
    bool needed = false;
    if (pass.api.is_tensor(arg.ptr())) {
      const KnownTensor& tensor = pass.tensors.known(arg.ptr());
      needed = is_floating(tensor.layout.dtype) &&
               (tensor.own || attr_or_null(arg.ptr(), pass.api.names.requires_grad).is(nb::bool_(true)));
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

nb::object run_forward(const nb::object& cls, const nb::object& context, const nb::tuple& args,
                       const nb::dict& kwargs) {
  const nb::object forward = cls.attr("forward");
  if (!has_setup(cls)) return forward(context, *args, **kwargs);
  nb::object output = forward(*args, **kwargs);
  cls.attr("setup_context")(context, args, output);
  return output;
}

nb::object run(Pass& pass, const nb::object& cls, nb::tuple args, const nb::dict& kwargs) {
  const nb::object functions = nb::module_::import_("torch.autograd.function");
  const nb::object context = functions.attr("FunctionCtx")();
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

/// Where autograd is there, torch's own function does what it does; what it keeps is not seen.
nb::object watch(Pass& pass, const nb::object& cls, const nb::tuple& args, const nb::dict& kwargs) {
  OpenRegion open(pass, Region::Kind::function, class_name(cls));
  std::vector<Id> in, out;
  add_tensors(pass, args.ptr(), in);
  open.region().in = std::move(in);
  nb::object output = apply().original(cls, *args, **kwargs);
  add_tensors(pass, output.ptr(), out);
  open.region().out = std::move(out);
  return output;
}

bool in_transform(const TorchApi& api) { return !take(PyObject_CallNoArgs(api.innermost_transform.ptr())).is_none(); }

/// Function.apply(cls, *args, **kwargs)
nb::object ours(const nb::object& cls, const nb::args& args, const nb::kwargs& kwargs) {
  Pass* pass = training_pass();
  if (!pass || in_transform(pass->api)) return apply().original(cls, *args, **kwargs);
  if (is_checkpoint(cls.ptr())) return run_reentrant(*pass, args);
  if (!pass->api.records_grad()) return apply().original(cls, *args, **kwargs);
  if (pass->autograd) return watch(*pass, cls, args, kwargs);
  return run(*pass, cls, args, kwargs);
}

/// Code that calls `hook` with all that it gets; of a function in a class, as `super` makes it one.
nb::object code_that_calls(const nb::object& hook, bool in_class) {
  constexpr const char* kSource = R"(
class Function:
    def apply(cls, *args, **kwargs):
        __class__
        hook = "hook"
        return hook(cls, *args, **kwargs)
    def apply_outside(cls, *args, **kwargs):
        hook = "hook"
        return hook(cls, *args, **kwargs)
)";
  nb::dict scope;
  scope["__builtins__"] = nb::module_::import_("builtins");
  const nb::object ran = take(PyRun_String(kSource, Py_file_input, scope.ptr(), scope.ptr()));
  const nb::object function = scope["Function"].attr(in_class ? "apply" : "apply_outside");
  const nb::object code = function.attr("__code__");
  nb::list constants;
  for (nb::handle constant : nb::object(code.attr("co_consts"))) {
    constants.append(constant.equal(nb::str("hook")) ? hook : nb::borrow(constant));
  }
  return code.attr("replace")(nb::arg("co_consts") = nb::tuple(constants));
}

}  // namespace

void exchange_functions() {
  const nb::object method = torch_api().torch.attr("autograd").attr("Function").attr("apply");
  const nb::object function = nb::getattr(method, "__func__", nb::none());
  if (!PyFunction_Check(function.ptr())) return;
  const nb::object code = function.attr("__code__");
  const std::size_t outer = nb::len(nb::object(code.attr("co_freevars")));
  if (outer > 1) return;
  const nb::object make = nb::borrow(reinterpret_cast<PyObject*>(&PyFunction_Type));
  const nb::object original = make(code, function.attr("__globals__"), function.attr("__name__"),
                                   function.attr("__defaults__"), function.attr("__closure__"));
  function.attr("__code__") = code_that_calls(nb::cpp_function(ours), outer == 1);
  apply() = {function, code, original};
}

void put_back_functions() {
  if (!apply().function.is_valid()) return;
  apply().function.attr("__code__") = apply().code;
  apply().function.reset();
}

}  // namespace thoplw::capture
