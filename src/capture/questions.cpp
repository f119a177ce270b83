// Replaces the C functions behind methods and properties of tensors; setting class attributes would empty caches.
#include "capture/questions.h"

#include <array>
#include <utility>

#include "capture/entry_point.h"
#include "capture/failure.h"
#include "capture/grad_mode.h"
#include "capture/known_values.h"
#include "capture/mode_stack.h"
#include "capture/pass.h"
#include "capture/writes.h"

namespace thoplw::capture {
namespace {

/// Which tensor knows the answer.
enum class Asked : std::uint8_t {
  type,     ///< any tensor of that type on the model's device
  input,    ///< the input that the meta tensor stands for; a meta tensor that is no input answers itself
  storage,  ///< the input; for a meta tensor that is no input only data tells
  values,   ///< values that are known tell as well as data
  data,     ///< only data tells
};

enum class Form : std::uint8_t { property, method, method_of_one, method_of_keywords };

struct Question {
  const char* name;
  Asked asked;
  Form form = Form::property;
  bool shares = false;  ///< the answer is the tensor's memory, to which the forward can write without an operator
};

constexpr std::array kQuestions = {
    Question{"device", Asked::type},
    Question{"is_cpu", Asked::type},
    Question{"is_cuda", Asked::type},
    Question{"is_meta", Asked::type},
    Question{"get_device", Asked::type, Form::method},
    Question{"is_inference", Asked::type, Form::method},
    Question{"type", Asked::type, Form::method_of_keywords},
    Question{"__instancecheck__", Asked::type, Form::method_of_one},
    Question{"grad_fn", Asked::input},
    Question{"is_leaf", Asked::input},
    Question{"is_conj", Asked::input, Form::method},
    Question{"is_neg", Asked::input, Form::method},
    Question{"_base", Asked::storage},
    Question{"_is_view", Asked::storage, Form::method},
    Question{"storage_offset", Asked::storage, Form::method},
    Question{"untyped_storage", Asked::storage, Form::method},
    Question{"data_ptr", Asked::data, Form::method},
    Question{"numpy", Asked::data, Form::method_of_keywords, true},
    Question{"tolist", Asked::values, Form::method},
};

/// Torch's function that answers a question, and the record in CPython that points to it.
struct Place {
  PyGetSetDef* property = nullptr;
  PyMethodDef* method = nullptr;
  getter get = nullptr;
  void* closure = nullptr;
  PyCFunction call = nullptr;
};

std::array<Place, kQuestions.size()> places;
EntryPoint format_function;  // Tensor.__format__
int installed = 0;           // in all threads; Python's lock guards it

PyObject* own_is_meta(PyObject* tensor) {
  static const auto& place = places[3];
  static_assert(std::string_view(kQuestions[3].name) == "is_meta");
  return place.get(tensor, place.closure);
}

bool is_meta(PyObject* tensor) { return take(own_is_meta(tensor)).is(nb::bool_(true)); }

/// Torch's Python code asks for the device to choose a kernel. A pass without data needs the kernels for meta tensors,
/// so torch gets the true answer.
bool is_asked_by_torch() {
  PyObject* globals = PyEval_GetGlobals();
  PyObject* name = globals ? PyDict_GetItem(globals, torch_api().names.module_name) : nullptr;
  if (!name || !PyUnicode_Check(name)) return false;
  const std::string module = text_of(name);
  return module == "torch" || module.starts_with("torch.");
}

/// An empty tensor of that type on the model's device.
PyObject* of_type(Pass& pass, PyObject* tensor) {
  const nb::object dtype = take(PyObject_GetAttr(tensor, pass.api.names.dtype));
  nb::object& found = pass.of_type[dtype.ptr()];
  if (!found.is_valid()) {
    const ModesOff quiet(pass.api);
    const GradMode grad(pass.api, Grad::off);
    found = pass.api.torch.attr("empty")(0, nb::arg("dtype") = dtype, nb::arg("device") = pass.home);
  }
  return found.ptr();
}

[[noreturn]] void refuse(Pass& pass, const char* name) {
  try {
    PyErr_Format(PyExc_NotImplementedError, "%s: a meta tensor has no data", name);
    throw nb::python_error();
  } catch (const nb::python_error& error) {
    note_wanted(pass, error);
    throw;
  }
}

void note_unanswered(Pass& pass, const char* name) {
  try {
    refuse(pass, name);
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
  }
}

bool is_stale(const Pass& pass, PyObject* tensor) {
  return !pass.stale_storages.empty() && pass.stale_storages.contains(storage_of(tensor));
}

void keep_before_sharing(Pass& pass, PyObject* tensor) {
  const NotTheForward we_do;
  const ModesOff modes(pass.api);
  pass.tensors.known(tensor);
  keep_before_write(pass, tensor);
  stop_counting_writes(pass, tensor);
}

/// The tensor that answers the question: `tensor` itself, unless its answer would differ from that of a real tensor.
PyObject* who_answers(const Question& question, PyObject* tensor) {
  Pass* pass = Pass::current();
  if (!pass || NotTheForward::asks()) return tensor;
  if (question.shares && !is_meta(tensor)) keep_before_sharing(*pass, tensor);
  if (pass->real) return tensor;
  const bool data = question.asked >= Asked::values;
  if (!data && (!pass->home.is_valid() || is_asked_by_torch())) return tensor;
  const NotTheForward we_do;
  if (!torch_api().is_tensor(tensor)) return tensor;
  if (!is_meta(tensor)) {
    if (data && is_stale(*pass, tensor)) refuse(*pass, question.name);
    return tensor;
  }
  if (question.asked == Asked::values) {
    const nb::object values = values_known(*pass, pass->tensors.known(tensor));
    if (values.is_valid()) return values.ptr();  // which is kept with what is known of the tensor
  }
  if (data) refuse(*pass, question.name);
  const auto input = pass->stand_ins.find(tensor);
  if (input != pass->stand_ins.end()) return input->second.ptr();
  if (question.asked == Asked::type) return of_type(*pass, tensor);
  if (question.asked == Asked::storage) note_unanswered(*pass, question.name);
  return tensor;
}

/// Calls torch's function with the tensor that answers in place of `asked`.
template <typename Call>
PyObject* answered(const Question& question, PyObject* asked, const Call& call) {
  try {
    const nb::object answers = nb::borrow(who_answers(question, asked));
    return call(answers.ptr());
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

PyObject* property(PyObject* self, void* closure) {
  const auto index = static_cast<std::size_t>(static_cast<const Question*>(closure) - kQuestions.data());
  const Place& place = places[index];
  return answered(kQuestions[index], self, [&](PyObject* tensor) { return place.get(tensor, place.closure); });
}

template <typename Function>
Function as(PyCFunction function) {
  return reinterpret_cast<Function>(reinterpret_cast<void (*)()>(function));
}

template <std::size_t index>
PyObject* method(PyObject* self, PyObject* argument) {
  return answered(kQuestions[index], self, [&](PyObject* tensor) { return places[index].call(tensor, argument); });
}

/// isinstance(tensor, torch.FloatTensor)
template <std::size_t index>
PyObject* method_of_one(PyObject* self, PyObject* argument) {
  return answered(kQuestions[index], argument, [&](PyObject* tensor) { return places[index].call(self, tensor); });
}

/// The arguments of x.type(y.type()) without "meta" in the name of the type: in torch's own code y says that it is a
/// meta tensor.
nb::object without_meta(PyObject* args) {
  constexpr std::string_view kMeta = "torch.meta.";
  PyObject* given = PyTuple_GET_SIZE(args) > 0 ? PyTuple_GET_ITEM(args, 0) : nullptr;
  if (!given || !PyUnicode_Check(given)) return nb::borrow(args);
  const std::string name = text_of(given);
  if (!name.starts_with(kMeta)) return nb::borrow(args);
  nb::list others(nb::borrow(args));
  others[0] = nb::str(("torch." + name.substr(kMeta.size())).c_str());
  return nb::tuple(others);
}

template <std::size_t index>
PyObject* method_of_keywords(PyObject* self, PyObject* args, PyObject* kwargs) {
  const auto call = as<PyCFunctionWithKeywords>(places[index].call);
  const bool moves = kQuestions[index].asked == Asked::type && (PyTuple_GET_SIZE(args) > 0 || kwargs);
  return answered(kQuestions[index], self, [&](PyObject* tensor) {
    return moves ? call(self, without_meta(args).ptr(), kwargs) : call(tensor, args, kwargs);
  });
}

template <std::size_t index>
PyCFunction function_of() {
  switch (kQuestions[index].form) {
    case Form::method:
      return method<index>;
    case Form::method_of_one:
      return method_of_one<index>;
    default:
      return reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(method_of_keywords<index>));
  }
}

/// f"{tensor:.3f}" looks at its value.
PyObject* format(PyObject* function, PyObject* const* args, std::size_t nargsf, PyObject* names) {
  try {
    Pass* pass = Pass::current();
    if (pass && !pass->real && !NotTheForward::asks() && PyVectorcall_NARGS(nargsf) == 2 && PyUnicode_Check(args[1]) &&
        PyUnicode_GET_LENGTH(args[1]) > 0 && is_meta(args[0])) {
      refuse(*pass, "__format__");
    }
    return format_function.call(function, args, nargsf, names);
  } catch (nb::python_error& error) {
    error.restore();
  } catch (const std::exception& error) {
    set_error(error);
  }
  return nullptr;
}

template <std::size_t... index>
constexpr std::array<PyCFunction, kQuestions.size()> functions(std::index_sequence<index...>) {
  return {function_of<index>()...};
}

/// Finds the records in CPython. A question that this torch implements in another form is left out.
void find_places() {
  static bool found = false;
  if (std::exchange(found, true)) return;
  constexpr int kFlags[] = {0, METH_NOARGS, METH_O, METH_VARARGS | METH_KEYWORDS};
  const TorchApi& api = torch_api();
  const nb::object old_types = nb::borrow(nb::object(api.torch.attr("FloatTensor")).type());
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    const Form form = kQuestions[i].form;
    PyObject* owner = form == Form::method_of_one ? old_types.ptr() : api.tensor_type.ptr();
    PyObject* descriptor = in_class(owner, interned(kQuestions[i].name));
    if (!descriptor) continue;
    if (form == Form::property && Py_TYPE(descriptor) == &PyGetSetDescr_Type) {
      PyGetSetDef* record = reinterpret_cast<PyGetSetDescrObject*>(descriptor)->d_getset;
      places[i] = {.property = record, .get = record->get, .closure = record->closure};
    } else if (form != Form::property && Py_TYPE(descriptor) == &PyMethodDescr_Type) {
      PyMethodDef* record = reinterpret_cast<PyMethodDescrObject*>(descriptor)->d_method;
      if (record->ml_flags == kFlags[static_cast<std::size_t>(form)]) {
        places[i] = {.method = record, .call = record->ml_meth};
      }
    }
  }
}

}  // namespace

Questions::Questions() {
  find_places();
  if (installed++ > 0) return;
  const nb::object formats = torch_api().tensor_type.attr("__format__");
  if (PyFunction_Check(formats.ptr())) format_function.exchange(formats, format);
  static const auto ours = functions(std::make_index_sequence<kQuestions.size()>());
  for (std::size_t i = 0; i < kQuestions.size(); ++i) {
    if (places[i].method) places[i].method->ml_meth = ours[i];
    if (!places[i].property) continue;
    places[i].property->get = property;
    places[i].property->closure = const_cast<Question*>(&kQuestions[i]);
  }
}

Questions::~Questions() {
  if (--installed > 0) return;
  if (format_function.exchanged()) format_function.put_back();
  for (const Place& place : places) {
    if (place.method) place.method->ml_meth = place.call;
    if (!place.property) continue;
    place.property->get = place.get;
    place.property->closure = place.closure;
  }
}

}  // namespace thoplw::capture
