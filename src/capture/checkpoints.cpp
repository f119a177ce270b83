// Runs what is checkpointed once, by the functions that torch.utils.checkpoint looks up when it is called.
#include "capture/checkpoints.h"

#include <algorithm>
#include <memory>
#include <span>

#include "capture/entry_point.h"
#include "capture/exchanged_code.h"
#include "capture/nested.h"
#include "capture/regions.h"

namespace thoplw::capture {
namespace {

constexpr const char* kSelects =
    "a checkpoint has a context_fn, which may keep results of its choice: it is counted as one that keeps none";

EntryPoint without_reentrance;
bool is_generator = true;  // before torch 2.1 it is a function that runs what is checkpointed by itself

/// From torch 2.14 on, where Python itself calls it. It outlives the interpreter, after which no object may be freed.
ExchangedCode& packed_without_reentrance() {
  static auto* code = new ExchangedCode;
  return *code;
}

nb::object checkpoint_module() { return nb::module_::import_("torch.utils.checkpoint"); }

/// What a functools.partial holds is kept as long as the function is.
void add_bound_tensors(Pass& pass, PyObject* function, std::vector<Id>& values) {
  const nb::object partial = nb::module_::import_("functools").attr("partial");
  if (!nb::isinstance(nb::handle(function), partial)) return;
  add_tensors(pass, nb::object(nb::handle(function).attr("args")).ptr(), values);
  add_tensors(pass, nb::object(nb::handle(function).attr("keywords")).ptr(), values);
}

std::unique_ptr<OpenRegion> opened(Pass& pass, Region::Kind kind, PyObject* function,
                                   std::span<PyObject* const> passed) {
  auto open = std::make_unique<OpenRegion>(pass, kind, "");
  std::vector<Id> in, kept;
  for (PyObject* value : passed) add_tensors(pass, value, in);
  kept = in;
  add_bound_tensors(pass, function, kept);
  std::ranges::sort(kept);
  kept.erase(std::unique(kept.begin(), kept.end()), kept.end());
  open->region().in = std::move(in);
  open->region().kept = std::move(kept);
  return open;
}

/// What torch's function was given: for itself, and for the function that is checkpointed.
struct Given {
  PyObject* function = nullptr;  ///< the one that is checkpointed
  std::vector<std::pair<std::string, PyObject*>> own;
  std::vector<PyObject*> passed;  ///< by position and then by name

  PyObject* named(std::string_view name) const {
    const auto found = std::ranges::find(own, name, &std::pair<std::string, PyObject*>::first);
    return found == own.end() ? nullptr : found->second;
  }
};

/// Of _checkpoint_without_reentrant_generator(function, preserve_rng_state, ..., *args, **kwargs).
Given read(PyObject* function, PyObject* const* args, std::size_t count, std::size_t named) {
  const nb::object code = nb::handle(function).attr("__code__");
  const auto own = std::min(nb::cast<std::size_t>(nb::object(code.attr("co_argcount"))), count);
  Given given{.function = args[0], .own = {}, .passed = {args + own, args + count + named}};
  for (nb::handle name : nb::object(code.attr("co_varnames"))) {
    if (given.own.size() == own) break;
    given.own.emplace_back(str_of(name.ptr()), args[given.own.size()]);
  }
  return given;
}

/// Of _checkpoint_without_reentrant_generator_impl(function, args, kwargs, *, preserve_rng_state, ...).
Given read_packed(const nb::args& args, const nb::kwargs& kwargs) {
  Given given{.function = args[0].ptr(), .own = {}, .passed = {}};
  for (nb::handle value : args[1]) given.passed.push_back(value.ptr());
  for (auto [name, value] : nb::borrow<nb::dict>(args[2])) given.passed.push_back(value.ptr());
  for (auto [name, value] : kwargs) given.own.emplace_back(str_of(name.ptr()), value.ptr());
  return given;
}

/// Whether it is to stop where the last kept tensor is there again.
bool stops_early(const Given& given) {
  if (!is_generator) return false;
  const nb::object set = nb::getattr(checkpoint_module(), "_enable_checkpoint_early_stop", nb::none());
  if (!set.is_none()) return PyObject_IsTrue(set.ptr()) == 1;
  PyObject* asked = given.named("early_stop");
  return !asked || PyObject_IsTrue(asked) == 1;
}

void note_choice(Pass& pass, const Given& given) {
  PyObject* contexts = given.named("context_fn");
  if (!contexts || nb::handle(contexts).is(nb::getattr(checkpoint_module(), "noop_context_fn", nb::none()))) return;
  auto& notes = pass.trace.notes;
  if (std::ranges::find(notes, kSelects) == notes.end()) notes.emplace_back(kSelects);
}

/// What a generator does: runs to where the checkpointed function is to be called, then from there to its end.
struct Around {
  PyObject head;
  OpenRegion* region;
  std::shared_ptr<Pass>* pass;
  bool begun;
};

/// torch.utils.checkpoint.checkpoint() has what its function returned in a variable, when it lets the generator go on.
void add_result(Pass& pass, Region& region) {
  const nb::object frame = nb::borrow(reinterpret_cast<PyObject*>(PyEval_GetFrame()));
  if (!frame.is_valid()) return;
  const nb::object locals = frame.attr("f_locals");
  if (nb::cast<bool>(locals.attr("__contains__")("ret")))
    add_tensors(pass, nb::object(locals["ret"]).ptr(), region.out);
}

PyObject* next(PyObject* self) {
  auto* around = reinterpret_cast<Around*>(self);
  if (!std::exchange(around->begun, true)) Py_RETURN_NONE;
  const std::unique_ptr<OpenRegion> region(std::exchange(around->region, nullptr));
  try {
    if (region) add_result(**around->pass, region->region());
  } catch (nb::python_error& error) {
    error.restore();
  }
  return nullptr;
}

/// throw(error): the checkpointed function has raised it.
PyObject* pass_on(PyObject* self, PyObject* error) {
  const std::unique_ptr<OpenRegion> region(std::exchange(reinterpret_cast<Around*>(self)->region, nullptr));
  PyErr_SetObject(reinterpret_cast<PyObject*>(Py_TYPE(error)), error);
  return nullptr;
}

void destroy(PyObject* self) {
  auto* around = reinterpret_cast<Around*>(self);
  PyTypeObject* type = Py_TYPE(self);
  delete around->region;
  delete around->pass;
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* around_type() {
  static PyMethodDef methods[] = {{"throw", pass_on, METH_O, nullptr}, {nullptr, nullptr, 0, nullptr}};
  static PyType_Slot slots[] = {{Py_tp_methods, methods},
                                {Py_tp_dealloc, reinterpret_cast<void*>(destroy)},
                                {Py_tp_iter, reinterpret_cast<void*>(PyObject_SelfIter)},
                                {Py_tp_iternext, reinterpret_cast<void*>(next)},
                                {0, nullptr}};
  static PyType_Spec spec = {"thoplw._native.Checkpoint", sizeof(Around), 0, Py_TPFLAGS_DEFAULT, slots};
  static PyObject* type = take(PyType_FromSpec(&spec)).release().ptr();
  return type;
}

std::unique_ptr<OpenRegion> region_of(Pass& pass, const Given& given) {
  if (!pass.api.records_grad()) return nullptr;
  note_choice(pass, given);
  const auto kind = stops_early(given) ? Region::Kind::checkpoint : Region::Kind::reentrant;
  return opened(pass, kind, given.function, given.passed);
}

nb::object around(Pass& pass, std::unique_ptr<OpenRegion> region) {
  nb::object around = take(PyType_GenericAlloc(reinterpret_cast<PyTypeObject*>(around_type()), 0));
  auto* filled = reinterpret_cast<Around*>(around.ptr());
  filled->region = region.release();
  filled->pass = new std::shared_ptr<Pass>(pass.shared_from_this());
  return around;
}

PyObject* ours(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  Pass* pass = training_pass();
  const auto count = static_cast<std::size_t>(PyVectorcall_NARGS(nargsf));
  if (!pass || count == 0) return without_reentrance.call(function, args, nargsf, names);
  try {
    const std::size_t named = names ? static_cast<std::size_t>(PyTuple_GET_SIZE(names)) : 0;
    const Given given = read(function, args, count, named);
    std::unique_ptr<OpenRegion> region = region_of(*pass, given);
    if (is_generator) return around(*pass, std::move(region)).release().ptr();
    const std::size_t positional = count - given.own.size();
    nb::object result = take(PyObject_Vectorcall(given.function, given.passed.data(), positional, names));
    if (region) add_tensors(*pass, result.ptr(), region->region().out);
    return result.release().ptr();
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

nb::object ours_packed(const nb::args& args, const nb::kwargs& kwargs) {
  Pass* pass = training_pass();
  if (!pass || args.size() < 3) return packed_without_reentrance().original(args, kwargs);
  return around(*pass, region_of(*pass, read_packed(args, kwargs)));
}

}  // namespace

void exchange_checkpoints() {
  const nb::object module = checkpoint_module();
  is_generator = nb::hasattr(module, "_checkpoint_without_reentrant_generator");
  const nb::object packed = nb::getattr(module, "_checkpoint_without_reentrant_generator_impl", nb::none());
  if (!packed.is_none()) return packed_without_reentrance().exchange(packed, ours_packed);
  const char* name = is_generator ? "_checkpoint_without_reentrant_generator" : "_checkpoint_without_reentrant";
  const nb::object function = nb::getattr(module, name, nb::none());
  if (PyFunction_Check(function.ptr())) without_reentrance.exchange(function, ours);
}

void put_back_checkpoints() {
  if (without_reentrance.exchanged()) without_reentrance.put_back();
  packed_without_reentrance().put_back();
}

bool is_checkpoint(PyObject* function_class) {
  return nb::handle(function_class).is(nb::getattr(checkpoint_module(), "CheckpointFunction", nb::none()));
}

nb::object run_reentrant(Pass& pass, const nb::tuple& args) {
  constexpr std::size_t kOwn = 2;  // the function, and whether random numbers are to be the same
  std::vector<PyObject*> passed;
  for (nb::handle arg : args) passed.push_back(arg.ptr());
  PyObject* function = passed.at(0);
  passed.erase(passed.begin(), passed.begin() + std::min<std::ptrdiff_t>(kOwn, std::ssize(passed)));
  std::unique_ptr<OpenRegion> region;
  if (pass.api.records_grad()) region = opened(pass, Region::Kind::reentrant, function, passed);
  nb::object result = take(PyObject_Vectorcall(function, passed.data(), passed.size(), nullptr));
  if (region) add_tensors(pass, result.ptr(), region->region().out);
  return result;
}

}  // namespace thoplw::capture
