// One profile call: tries the pass on meta, then without inference mode, then for real; restores everything.
#include "capture/capture.h"

#include <fmt/format.h>

#include "capture/inputs.h"
#include "capture/mode.h"
#include "capture/model_walk.h"
#include "capture/module_call.h"
#include "capture/snapshot.h"
#include "capture/writes.h"

namespace thoplw::capture {
namespace {

/// A `with` statement: enters now, leaves at the end of the scope.
class With {
 public:
  explicit With(nb::object manager) : manager_(std::move(manager)) { manager_.attr("__enter__")(); }
  ~With() {
    PyObject *type = nullptr, *value = nullptr, *trace = nullptr;
    PyErr_Fetch(&type, &value, &trace);  // an error on its way up stays pending
    const nb::object left =
        nb::steal(PyObject_CallMethod(manager_.ptr(), "__exit__", "OOO", Py_None, Py_None, Py_None));
    if (!left.is_valid()) PyErr_WriteUnraisable(manager_.ptr());
    PyErr_Restore(type, value, trace);
  }
  With(const With&) = delete;
  With& operator=(const With&) = delete;

 private:
  nb::object manager_;
};

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

struct Pass {
  bool real = false;      ///< one real forward that only records
  bool autograd = false;  ///< no_grad instead of inference mode: for forwards that differentiate inside
};

struct Attempt {
  std::unique_ptr<Session> session;
  std::unique_ptr<nb::python_error> error;  ///< of the forward; null: it ran
};

/// Puts the model, the caller's tensors and the random number generators back at the end of a pass.
class AsFound {
 public:
  explicit AsFound(Session& session) : session_(session), snapshot_(session.api), random_(session.real) {
    snapshot_.take_of(session.modules);
    snapshot_.set_eval(session.modules);
  }
  ~AsFound() {
    try {
      restore_overwritten(session_);
      snapshot_.restore();
      random_.restore();
    } catch (nb::python_error& error) {
      error.discard_as_unraisable("thoplw: leaving the model as found");
    }
  }
  AsFound(const AsFound&) = delete;
  AsFound& operator=(const AsFound&) = delete;

 private:
  Session& session_;
  Snapshot snapshot_;
  RandomState random_;
};

void find_custom_functions(Session& session, const nb::dict& custom_ops) {
  session.custom_by_class.resize(session.trace.classes.size());
  if (custom_ops.size() == 0) return;
  for (std::size_t i = 0; i < session.modules.size(); ++i) {
    nb::object& slot = session.custom_by_class[static_cast<std::size_t>(session.trace.modules[i].cls)];
    if (slot.is_valid()) continue;
    for (nb::handle base : nb::borrow(nb::handle(session.modules[i].type()).attr("__mro__"))) {
      if (!custom_ops.contains(base)) continue;
      slot = custom_ops[base];
      break;
    }
  }
}

std::string torch_version(const TorchApi& api) {
  return "torch " + nb::cast<std::string>(nb::str(api.torch.attr("__version__")));
}

nb::object first_device(const Session& session) {
  for (const nb::object& tensor : session.external_tensors) {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) return tensor.attr("device");
  }
  return session.api.cpu_device;
}

/// Autocast would cast real weights and meta activations differently; it changes no count.
std::vector<std::unique_ptr<With>> without_autocast(const TorchApi& api) {
  std::vector<std::unique_ptr<With>> scopes;
  const nb::object& torch = api.torch;
  const bool by_device = nb::hasattr(torch, "get_autocast_dtype");  // from torch 2.4 on
  const nb::object asks = torch.attr("is_autocast_enabled");
  for (const std::string device : {"cpu", "cuda"}) {
    const nb::object on = by_device ? asks(device) : device == "cpu" ? torch.attr("is_autocast_cpu_enabled")() : asks();
    if (!nb::cast<bool>(on)) continue;
    scopes.push_back(std::make_unique<With>(torch.attr("autocast")(device, nb::arg("enabled") = false)));
  }
  return scopes;
}

/// One pass over the model. A Python error of the forward is returned, not thrown.
Attempt attempt(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                Pass pass, bool native_rules) {
  const TorchApi& api = torch_api();
  Attempt result{std::make_unique<Session>(api), {}};
  Session& session = *result.session;
  session.real = pass.real;
  session.autograd = pass.autograd;
  session.tensors.share = !pass.autograd;
  session.native_rules = native_rules;
  session.mode = new_mode();
  session.trace.source = torch_version(api);
  session.tensors.hold = true;  // the model's own tensors live as long as it does
  walk_model(session, model);
  session.tensors.hold = !session.real;
  find_custom_functions(session, custom_ops);

  const AsFound as_found(session);
  const auto autocast = without_autocast(api);
  try {
    const With mode(api.torch.attr(pass.autograd ? "no_grad" : "inference_mode")());
    const nb::object positional =
        session.real ? inputs_for_real(session, args, first_device(session)) : inputs_on_meta(session, args);
    const nb::object named =
        session.real ? inputs_for_real(session, kwargs, first_device(session)) : inputs_on_meta(session, kwargs);
    const ModuleCalls calls;
    const Active active(session);
    std::vector<PyObject*> stack;
    for (nb::handle value : positional) stack.push_back(value.ptr());
    const std::size_t count = stack.size();
    nb::list names;
    for (auto [name, value] : nb::borrow<nb::dict>(named)) {
      names.append(name);
      stack.push_back(value.ptr());
    }
    const nb::tuple keywords(names);
    call_module(session, session.modules.front().ptr(), stack.data(), count,
                keywords.size() ? keywords.ptr() : nullptr);
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
                          "data-dependent", "meta kernel", "fake impl"});
}

/// "model.py:12: if x.sum() > 0": the innermost line of the traceback that is not torch's own.
std::string failing_line(const nb::python_error& error) {
  const nb::object trace = nb::borrow(error.traceback());
  if (!trace.is_valid() || trace.is_none()) return "";
  std::string line;
  for (nb::handle frame : nb::module_::import_("traceback").attr("extract_tb")(trace)) {
    const std::string file = nb::cast<std::string>(frame.attr("filename"));
    if (file.find("/torch/") != std::string::npos || file.find("/_pytest/") != std::string::npos) continue;
    line = fmt::format("{}:{}: {}", file, nb::cast<std::int64_t>(frame.attr("lineno")),
                       nb::cast<std::string>(nb::str(frame.attr("line"))));
  }
  return line;
}

std::string where(const Session& session) {
  if (session.failed_module == kNone) return session.trace.model;
  const Module& module = session.trace.modules[static_cast<std::size_t>(session.failed_module)];
  const std::string& cls = session.trace.classes[static_cast<std::size_t>(module.cls)].name;
  const std::string name = cls.substr(cls.rfind('.') + 1);
  return module.path.empty() ? name : fmt::format("{} ({})", module.path, name);
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
    raise_from(error, fmt::format(
                          "{}: the model looks at values of a tensor, which meta tensors do not have, at {} ({}). "
                          "Build the model with real weights and give real inputs, so that one real forward can be run",
                          where(*failed.session), failing_line(error), what));
  }
  raise_from(error, fmt::format("{}: {}. The forward raised with the input {}: check that it fits the model",
                                where(*failed.session), what, described.empty() ? "given" : described));
}

}  // namespace

Trace capture(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, CaptureOptions options) {
  const TorchApi& api = torch_api();
  const GarbageCollectionPaused paused;
  if (!api.is_module(model.ptr())) {
    throw Error(fmt::format("the model must be a torch.nn.Module, not {}; of a class, make an instance first",
                            str_of(take(PyObject_Repr(reinterpret_cast<PyObject*>(Py_TYPE(model.ptr())))).ptr())));
  }
  Pass pass{.real = options.real, .autograd = false};
  const auto run = [&] { return attempt(model, args, kwargs, custom_ops, pass, options.native_rules); };
  Attempt last = run();
  if (last.error && wants_autograd(*last.error)) {
    pass.autograd = true;
    last = run();
  }
  if (last.error && !options.real && can_run_for_real(last)) {
    const std::string line = failing_line(*last.error);
    const std::string reason = fmt::format("{}{}{}", line, line.empty() ? "" : ": ", brief(*last.error));
    pass.real = true;
    last = run();
    if (!last.error) {
      last.session->trace.notes.push_back(
          fmt::format("the model could not run without data, so one real forward was run ({})", reason));
    }
  }
  if (last.error) raise_forward_error(last, args, kwargs);
  return std::move(last.session->trace);
}

}  // namespace thoplw::capture
