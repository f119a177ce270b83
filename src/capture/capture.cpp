// One profile call: tries the pass on meta, then without inference mode, then for real; restores everything.
#include "capture/capture.h"

#include "capture/as_found.h"
#include "capture/autocast.h"
#include "capture/inputs.h"
#include "capture/lazy.h"
#include "capture/mode.h"
#include "capture/model_walk.h"
#include "capture/module_call.h"
#include "trace/format.h"

namespace thoplw::capture {
namespace {

/// Makes the session current and its mode the innermost; undoes both.
class Active {
 public:
  explicit Active(Session& session) : session_(session), outer_(Session::current()) {
    session.api.push(session.mode.ptr());
    Session::current() = &session;
  }
  ~Active() {
    Session::current() = outer_;
    try {
      session_.api.pop();
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("thoplw: leaving the dispatch mode");
    }
  }
  Active(const Active&) = delete;
  Active& operator=(const Active&) = delete;

 private:
  Session& session_;
  Session* outer_;
};

/// The pass makes many small objects and no cycles: collecting garbage in between is lost time.
class GarbageCollectionPaused {
 public:
  GarbageCollectionPaused() : was_on_(PyGC_Disable() != 0) {}
  ~GarbageCollectionPaused() {
    if (was_on_) PyGC_Enable();
  }
  GarbageCollectionPaused(const GarbageCollectionPaused&) = delete;
  GarbageCollectionPaused& operator=(const GarbageCollectionPaused&) = delete;

 private:
  bool was_on_;
};

/// Two passes over one model at a time would take each other's flags for the model's own. Reentrant.
class OneAtATime : public With {
 public:
  OneAtATime() : With(nb::borrow(lock())) {}

 private:
  static nb::handle lock() {
    static PyObject* lock = nb::module_::import_("threading").attr("RLock")().release().ptr();
    return lock;
  }
};

struct Pass {
  bool real = false;      ///< one real forward that only records
  bool autograd = false;  ///< no_grad instead of inference mode: for forwards that differentiate inside
};

struct Attempt {
  std::unique_ptr<Session> session;
  std::unique_ptr<nb::python_error> error;  ///< of the forward; null: it ran
};

std::string torch_version(const TorchApi& api) {
  return "torch " + nb::cast<std::string>(nb::str(api.torch.attr("__version__")));
}

nb::object first_device(const Session& session) {
  for (const nb::object& tensor : session.external_tensors) {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) return tensor.attr("device");
  }
  return session.api.cpu_device;
}

/// Runs forward, or another method: its calls of modules, of the model itself among them, are then the outermost.
void run_method(Session& session, const std::string& method, const nb::object& args, const nb::object& kwargs) {
  PyObject* model = session.modules.front().ptr();
  if (method != "forward") {
    const nb::object bound = nb::borrow(model).attr(method.c_str());
    take(PyObject_Call(bound.ptr(), args.ptr(), kwargs.ptr()));
    return;
  }
  std::vector<PyObject*> stack;
  for (nb::handle value : args) stack.push_back(value.ptr());
  const std::size_t count = stack.size();
  nb::list names;
  for (auto [name, value] : nb::borrow<nb::dict>(kwargs)) {
    names.append(name);
    stack.push_back(value.ptr());
  }
  const nb::tuple keywords(names);
  call_module(session, model, stack.data(), count, keywords.size() ? keywords.ptr() : nullptr);
}

void note_adopted(Session& session) {
  if (session.adopted == 0) return;
  const std::size_t first = session.trace.modules.size() - session.adopted;
  session.trace.notes.push_back(formatted(
      "{} modules are no submodules of the model, {} the first (kept in a plain list, or built in forward): they are "
      "counted, though model.parameters() does not list what they hold",
      session.adopted, session.trace.modules[first].path));
}

bool compiler_loaded() {
  return nb::cast<nb::dict>(nb::module_::import_("sys").attr("modules")).contains("torch._dynamo");
}

/// Functions wrapped by torch.compile run as they were written: the compiler cannot see through a pass. It is told so
/// only where it is loaded, as loading it takes a second.
std::unique_ptr<With> without_compiler(const TorchApi& api) {
  const nb::object compiler = nb::getattr(api.torch, "compiler", nb::none());
  if (!compiler_loaded() || !nb::hasattr(compiler, "set_stance")) return nullptr;  // from torch 2.6 on
  return std::make_unique<With>(compiler.attr("set_stance")("force_eager"));
}

/// One pass over the model. A Python error of the forward is returned, not thrown.
Attempt attempt(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                Pass pass, const CaptureOptions& options, bool initialised) {
  const TorchApi& api = torch_api();
  Attempt result{std::make_unique<Session>(api), {}};
  Session& session = *result.session;
  session.real = pass.real;
  session.autograd = pass.autograd;
  session.tensors.share = !pass.autograd;
  session.tensors.real = pass.real;
  session.native_rules = options.native_rules;
  session.custom_ops = custom_ops;
  session.initialised = initialised;
  session.mode = new_mode();
  session.trace.source = torch_version(api);
  session.tensors.hold = true;  // the model's own tensors live as long as it does
  walk_model(session, model);
  session.tensors.hold = !session.real;

  const AsFound as_found(session);
  const AutocastOff autocast(api);
  const auto compiler = without_compiler(api);
  try {
    const With mode(api.torch.attr(pass.autograd ? "no_grad" : "inference_mode")());
    const nb::object positional =
        session.real ? inputs_for_real(session, args, first_device(session)) : inputs_on_meta(session, args);
    const nb::object named =
        session.real ? inputs_for_real(session, kwargs, first_device(session)) : inputs_on_meta(session, kwargs);
    const ModuleCalls calls;
    const Active active(session);
    run_method(session, options.method, positional, named);
    note_adopted(session);
  } catch (nb::python_error& error) {
    result.error = std::make_unique<nb::python_error>(std::move(error));
  }
  return result;
}

/// Whether a real forward is possible: every parameter and buffer holds values.
bool has_data(Session& session) {
  for (std::size_t i = 0; i < session.model_tensors; ++i) {
    if (session.tensors.is_meta(session.tensors.known(session.external_tensors[i].ptr()))) return false;
  }
  return true;
}

bool mentions(const nb::python_error& error, std::initializer_list<std::string_view> words) {
  const std::string text = nb::cast<std::string>(nb::str(error.value()));
  for (const std::string_view word : words) {
    if (text.find(word) != std::string_view::npos) return true;
  }
  return false;
}

bool wants_autograd(const nb::python_error& error) {
  return mentions(error, {"nference tensor", "version_counter", "does not require grad", "requires_grad"});
}

bool looked_at_value(const nb::python_error& error) {
  return mentions(error, {"meta tensor", "meta device", "Meta tensor", "'Meta' backend", "Cannot copy out of",
                          "data-dependent", "data-independent", "meta kernel", "fake impl"});
}

/// "model.py:12: if x.sum() > 0": the innermost line of the traceback that is not torch's own.
std::string failing_line(const nb::python_error& error) {
  const nb::object trace = nb::borrow(error.traceback());
  if (!trace.is_valid() || trace.is_none()) return "";
  std::string line;
  for (nb::handle frame : nb::module_::import_("traceback").attr("extract_tb")(trace)) {
    const std::string file = nb::cast<std::string>(frame.attr("filename"));
    if (file.find("/torch/") != std::string::npos || file.find("/_pytest/") != std::string::npos) continue;
    line = formatted("{}:{}: {}", file, nb::cast<std::int64_t>(frame.attr("lineno")),
                     nb::cast<std::string>(nb::str(frame.attr("line"))));
  }
  return line;
}

std::string where(const Session& session) {
  if (session.failed_module == kNone) return session.trace.model;
  const Module& module = session.trace.modules[static_cast<std::size_t>(session.failed_module)];
  const std::string& cls = session.trace.classes[static_cast<std::size_t>(module.cls)].name;
  const std::string name = cls.substr(cls.rfind('.') + 1);
  return module.path.empty() ? name : formatted("{} ({})", module.path, name);
}

/// Where the forward raised for want of data, and there is data.
bool can_run_for_real(Attempt& failed) {
  const nb::handle error = failed.error->value();
  return nb::isinstance(error, nb::handle(PyExc_Exception)) && !nb::isinstance(error, error_class) &&
         has_data(*failed.session);
}

[[noreturn]] void raise_forward_error(Attempt& failed, const nb::tuple& args, const nb::dict& kwargs) {
  nb::python_error& error = *failed.error;
  if (!nb::isinstance(error.value(), nb::handle(PyExc_Exception))) throw std::move(error);  // KeyboardInterrupt
  if (nb::isinstance(error.value(), error_class)) throw std::move(error);
  const TorchApi& api = torch_api();
  const std::string what = brief(error);
  nb::list inputs;
  inputs.append(args);
  inputs.append(kwargs);
  const std::string described = describe_inputs(api, inputs);
  if (!has_data(*failed.session) && looked_at_value(error)) {
    raise_from(error,
               formatted("{}: the model looks at values of a tensor, which meta tensors do not have, at {} ({}). "
                         "Build the model with real weights and give real inputs, so that one real forward can be run",
                         where(*failed.session), failing_line(error), what));
  }
  raise_from(error, formatted("{}: {}. The forward raised with the input {}: check that it fits the model",
                              where(*failed.session), what, described.empty() ? "given" : described));
}

Trace run_passes(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                 const CaptureOptions& options, bool initialised) {
  const TorchApi& api = torch_api();
  const OneAtATime alone;
  const GarbageCollectionPaused paused;
  if (!api.is_module(model.ptr())) {
    throw Error(formatted("the model must be a torch.nn.Module, not {}; of a class, make an instance first",
                          str_of(take(PyObject_Repr(reinterpret_cast<PyObject*>(Py_TYPE(model.ptr())))).ptr())));
  }
  if (!nb::hasattr(unwrapped(api, model), options.method.c_str())) {
    throw Error(
        formatted("{} has no method '{}'", str_of(nb::object(model.type().attr("__name__")).ptr()), options.method));
  }
  Pass pass{.real = options.real, .autograd = false};
  const auto run = [&] { return attempt(model, args, kwargs, custom_ops, pass, options, initialised); };
  const bool compiled_before = compiler_loaded();
  Attempt last = run();
  if (last.error && !compiled_before && compiler_loaded()) last = run();  // the forward loaded it
  if (last.error && wants_autograd(*last.error)) {
    pass.autograd = true;
    last = run();
  }
  if (last.error && !options.real && can_run_for_real(last)) {
    const std::string line = failing_line(*last.error);
    const std::string reason = formatted("{}{}{}", line, line.empty() ? "" : ": ", brief(*last.error));
    pass.real = true;
    last = run();
    if (last.error && wants_autograd(*last.error) && !pass.autograd) {
      pass.autograd = true;
      last = run();
    }
    if (!last.error) {
      last.session->trace.notes.push_back(
          formatted("the model could not run without data, so one real forward was run ({})", reason));
    }
  }
  if (last.error) raise_forward_error(last, args, kwargs);
  return std::move(last.session->trace);
}

}  // namespace

Trace capture(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, CaptureOptions options) {
  try {
    return run_passes(model, args, kwargs, custom_ops, options, false);
  } catch (const Uninitialized&) {
    return run_passes(initialised_copy(model, args, kwargs), args, kwargs, custom_ops, options, true);
  }
}

}  // namespace thoplw::capture
