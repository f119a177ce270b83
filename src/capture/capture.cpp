// One profile call: tries the pass on meta, then without inference mode, then for real; restores everything.
#include "capture/capture.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "base/formatted.h"
#include "capture/active.h"
#include "capture/as_found.h"
#include "capture/assumptions.h"
#include "capture/autocast.h"
#include "capture/dispatch_mode.h"
#include "capture/failure.h"
#include "capture/grad_mode.h"
#include "capture/inputs.h"
#include "capture/lazy_parameters.h"
#include "capture/left_behind.h"
#include "capture/listed_values.h"
#include "capture/mode_pushes.h"
#include "capture/model_walk.h"
#include "capture/module_call.h"
#include "capture/questions.h"
#include "capture/regions.h"
#include "capture/sharded.h"
#include "capture/snapshot.h"
#include "capture/switches.h"
#include "capture/threads.h"
#include "capture/turns.h"
#include "capture/unfinished.h"
#include "capture/unseen.h"

namespace thoplw::capture {
namespace {

constexpr const char* kNotObserved =
    "the model wants gradients in its forward, so autograd ran and held what it keeps: how long memory lives, and what "
    "custom functions keep, is not known";
constexpr const char* kLivesNotObserved =
    "the model wants gradients in its forward, so autograd ran and held what it keeps: how long memory lives was not "
    "observed";
constexpr const char* kMixes = "the model enters autocast by itself: types and bytes are those without it";

/// How a pass runs.
struct Manner {
  bool real = false;  ///< one real forward that only records
  Grad grad = Grad::inference;
};

struct Attempt {
  std::shared_ptr<Pass> pass;               ///< threads of the forward may outlive it
  std::unique_ptr<nb::python_error> error;  ///< of the forward; null: it ran
};

std::string torch_version(const TorchApi& api) {
  return "torch " + nb::cast<std::string>(nb::str(api.torch.attr("__version__")));
}

nb::object first_device(const Pass& pass) {
  for (const nb::object& tensor : pass.external_tensors) {
    if (!nb::cast<bool>(tensor.attr("is_meta"))) return tensor.attr("device");
  }
  return pass.api.cpu_device;
}

/// The device that activations would be on, where the model is not on meta itself.
nb::object home_of(const Pass& pass) {
  const auto own = std::span(pass.external_tensors).first(pass.model_tensors);
  const auto is_meta = [](const nb::object& tensor) { return nb::cast<bool>(tensor.attr("is_meta")); };
  if (!own.empty() && std::ranges::all_of(own, is_meta)) return {};
  return first_device(pass);
}

nb::object inputs(Pass& pass, const nb::object& given) {
  if (!pass.real) return inputs_on_meta(pass, given);
  const GradMode grad(pass.api, Grad::off);  // what is made here a model may keep
  return inputs_for_real(pass, given, first_device(pass));
}

/// Runs forward, or another method: its calls of modules, of the model itself among them, are then the outermost.
nb::object run_method(Pass& pass, const std::string& method, const nb::object& args, const nb::object& kwargs) {
  PyObject* model = pass.modules.front().ptr();
  if (method != "forward") {
    const nb::object bound = nb::borrow(model).attr(method.c_str());
    return take(PyObject_Call(bound.ptr(), args.ptr(), kwargs.ptr()));
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
  return call_module(pass, model, stack.data(), count, keywords.size() ? keywords.ptr() : nullptr);
}

/// What is in a cycle of references outlives the pass until it is collected: that is not what the model keeps. All that
/// the pass made is young, as no garbage is collected meanwhile; to look through all objects of the process, such as
/// those of an imported library, takes a hundred times as long as a pass.
void end_lives(Pass& pass, const CaptureOptions& options) {
  if (options.memory && pass.lives->anything_stays()) {
    const NotTheForward we_do;
    nb::module_::import_("gc").attr("collect")(0);
  }
  pass.lives->stop();
}

/// One pass over the model. A Python error of the forward is returned, not thrown.
Attempt attempt(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                Manner manner, const CaptureOptions& options, bool initialised) {
  const TorchApi& api = torch_api();
  Attempt result{std::make_shared<Pass>(api), {}};
  Pass& pass = *result.pass;
  pass.real = manner.real;
  pass.grad = manner.grad;
  pass.autograd = manner.grad == Grad::off || manner.grad == Grad::on;
  pass.tensors.share = !pass.autograd;
  pass.tensors.real = manner.real;
  pass.native_rules = options.native_rules;
  pass.custom_ops = custom_ops;
  pass.initialised = initialised;
  pass.mode = the_mode();
  pass.trace.origin = Origin::live;
  pass.trace.training = options.training;
  pass.trace.source = torch_version(api);
  pass.observes = options.training || options.memory;
  if (pass.observes && manner.grad != Grad::on && !(options.training && pass.autograd))
    pass.lives = std::make_unique<Lifetimes>(pass.trace);
  pass.tensors.lives = pass.lives.get();
  if (options.autocast) pass.casts = std::make_unique<Casts>(api, *options.autocast, options.processor);
  pass.tensors.hold = true;  // the model's own tensors live as long as it does
  walk_model(pass, model);
  pass.tensors.hold = !pass.real;

  const AsFound as_found(pass);
  const AutocastOff autocast(api);
  const AutocastTold told(pass);
  const Switches switches;
  const Questions questions;
  const Assumptions assumptions;
  const ListedValues listed;
  const ModePushes pushes;
  try {
    options.training ? pass.snapshot->set_training(pass.modules) : pass.snapshot->set_eval(pass.modules);
    const GradMode grad(api, manner.grad);
    const nb::object positional = inputs(pass, args);
    const nb::object named = inputs(pass, kwargs);
    const std::size_t given = pass.trace.values.size();
    pass.home = home_of(pass);
    {
      const ModuleCalls calls(pass);
      const Regions regions(pass);
      Threads threads(pass);
      const Active active(pass, pass.own);
      const nb::object result = run_method(pass, options.method, positional, named);
      note_unfinished(pass, options.method, result);
      note_caught(pass);
      threads.wait();
      if (pass.casts) pass.casts->forget();
      if (pass.lives) end_lives(pass, options);
    }
    if (options.training && pass.autograd) pass.trace.notes.push_back(kNotObserved);
    if (!options.training && pass.observes && !pass.lives) pass.trace.notes.push_back(kLivesNotObserved);
    if (pass.observes && pass.mixes) pass.trace.notes.push_back(kMixes);
    if (pass.in_threads) sort_by_call(pass);
    note_adopted(pass);
    record_unseen(pass, given);  // prints graphs, for which torch runs operators
  } catch (nb::python_error& error) {
    result.error = std::make_unique<nb::python_error>(std::move(error));
  }
  return result;
}

/// Whether another forward, with what the last one wanted for, may go further; sets how.
bool has_cure(Attempt& last, Manner& manner) {
  const nb::python_error* error = last.error.get();
  const Wanted& wanted = last.pass->wanted;
  if (error && (is_callers(*error) || error->matches(error_class))) return false;
  const bool wants_grad = error && wants_autograd(*error) && manner.grad != Grad::on;
  if (manner.grad == Grad::told && (wants_grad || wanted.autograd)) {
    manner.grad = Grad::on;
    return true;
  }
  if (wants_grad || (wanted.autograd && manner.grad == Grad::inference)) {
    manner.grad = manner.grad == Grad::inference ? Grad::off : Grad::on;
    return true;
  }
  const bool looked = !wanted.data.empty() || (error && wants_data(*error));
  if (manner.real || !looked || !has_data(*last.pass)) return false;
  manner.real = true;
  return true;
}

/// Where the last forward looked at values, and what it was told.
std::string look(const Attempt& last) {
  if (!last.error || !wants_data(*last.error)) return last.pass->wanted.data;  // it may have caught that error
  return at_line(failing_line(*last.error), *last.error);
}

void check_model(const TorchApi& api, const nb::object& model, const std::string& method) {
  if (!api.is_module(model.ptr())) {
    throw Error(formatted("the model must be a torch.nn.Module, not {}; if it is a class, make an instance",
                          str_of(take(PyObject_Repr(reinterpret_cast<PyObject*>(Py_TYPE(model.ptr())))).ptr())));
  }
  if (!nb::hasattr(unwrapped(api, model), method.c_str())) {
    throw Error(formatted("{} has no method '{}'", str_of(nb::object(model.type().attr("__name__")).ptr()), method));
  }
}

/// Adds a note, once: forward after forward may say the same.
void note(std::vector<std::string>& notes, std::string text) {
  if (!text.empty() && std::ranges::find(notes, text) == notes.end()) notes.push_back(std::move(text));
}

void note_left(std::vector<std::string>& notes, Pass& pass) {
  note(notes, left_behind(pass));
  for (std::string& text : pass.not_put_back) note(notes, std::move(text));
}

Trace run_passes(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                 const CaptureOptions& options, bool initialised) {
  const GarbageCollectionPaused paused;
  check_model(torch_api(), model, options.method);
  Manner manner{.real = options.real, .grad = options.training ? Grad::told : Grad::inference};
  const auto attempt_once = [&] {
    Attempt done = attempt(model, args, kwargs, custom_ops, manner, options, initialised);
    raise_interrupt();
    return done;
  };
  const auto run = [&] {
    const bool compiled_before = compiler_loaded();
    Attempt done = attempt_once();
    // As flex_attention does. Loading it leaves frames behind that hold tensors of the forward: they seem to live on.
    const bool loaded_it = !compiled_before && (done.error ? of_compiler(*done.error) : compiler_loaded());
    const bool observes = options.training || options.memory;
    return loaded_it && (done.error || observes) ? attempt_once() : std::move(done);
  };
  Attempt last = run();
  std::string looked;
  std::vector<std::string> left;
  while (has_cure(last, manner)) {
    if (manner.real && looked.empty()) looked = look(last);
    last.error.reset();  // its frames hold tensors
    note_left(left, *last.pass);
    last = run();
  }
  if (last.error) raise_forward_error(*last.error, *last.pass, args, kwargs);
  if (!looked.empty()) {
    last.pass->trace.notes.push_back(
        formatted("the model could not run without data, so one real forward was run ({})", looked));
  }
  if (last.pass->made_up) {
    last.pass->trace.notes.push_back(
        "only the shape of an input was given, so its values were made up: work that depends on values is counted for "
        "these. Give the input itself to count for its own");
  }
  note_left(left, *last.pass);
  std::ranges::copy(left, std::back_inserter(last.pass->trace.notes));
  if (last.pass->outlived) return last.pass->trace;
  return std::move(last.pass->trace);
}

Trace run_prepared(const nb::object& model, const nb::tuple& args, const nb::dict& kwargs, const nb::dict& custom_ops,
                   const CaptureOptions& options) {
  try {
    return run_passes(model, args, kwargs, custom_ops, options, false);
  } catch (const Uninitialized&) {
    return run_passes(initialised_copy(model, args, kwargs), args, kwargs, custom_ops, options, true);
  } catch (const Sharded&) {
    const Whole whole(model);
    return run_passes(model, args, kwargs, custom_ops, options, false);
  }
}

}  // namespace

Trace capture(nb::object model, nb::tuple args, nb::dict kwargs, nb::dict custom_ops, CaptureOptions options) {
  const Turn turn;
  const NotTheForward we_do;
  try {
    Trace trace = run_prepared(model, args, kwargs, custom_ops, options);
    raise_interrupt();
    return trace;
  } catch (...) {
    raise_interrupt();  // it goes before
    throw;
  }
}

}  // namespace thoplw::capture
