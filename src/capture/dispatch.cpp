// Answers operators: natively where a rule is sure, else through torch's meta kernel; small integer work runs for real.
#include "capture/dispatch.h"

#include <algorithm>
#include <array>
#include <span>

#include "capture/arguments.h"
#include "capture/failure.h"
#include "capture/flop_formulas.h"
#include "capture/grad_mode.h"
#include "capture/operators.h"
#include "capture/resizing.h"
#include "capture/second_opinion.h"
#include "capture/writes.h"
#include "shape/strides.h"

namespace thoplw::capture {
namespace {

// Real operators only on what a model may look at: masks, positions, token ids, a scalar. Floats that are made of
// nothing but these count as they do, since a mask may be of any type; but like all activations they say that they are
// on the meta device, and their values are kept beside them, in a shadow.
constexpr std::int64_t kMaxRealIntegers = 1 << 20;
constexpr std::int64_t kMaxRealFloats = 256;
constexpr std::int64_t kMaxDear = 1 << 12;  // encodings of positions are large, and nobody looks at them

struct OpCall {
  Session& session;
  const Operator& op;
  PyObject* args;    ///< tuple
  PyObject* kwargs;  ///< dict or null
  Arguments& read;
};

nb::object call_torch(const OpCall& call, PyObject* args, PyObject* kwargs) {
  return take(PyObject_Call(call.op.call.ptr(), args, kwargs));
}

template <typename Visit>
void each_written(const OpCall& call, const Visit& visit) {
  if (!call.op.writes) return;
  for (std::size_t i = 0; i < call.op.args.size(); ++i) {
    PyObject* object = call.op.args[i].written ? call.read.objects[i] : nullptr;
    if (!object) continue;
    if (call.session.api.is_tensor(object)) visit(nb::handle(object));
    if (PyList_Check(object) || PyTuple_Check(object)) {
      for (nb::handle item : nb::borrow(object)) {
        if (call.session.api.is_tensor(item.ptr())) visit(item);
      }
    }
  }
}

bool is_inference(nb::handle tensor) { return nb::cast<bool>(tensor.attr("is_inference")()); }

/// Calls a real kernel. What a model keeps of its results must be of use to autograd later on, which tensors made under
/// inference mode never are; and those may be written to only there.
nb::object call_for_real(const OpCall& call, PyObject* args, PyObject* kwargs) {
  if (call.session.autograd) return call_torch(call, args, kwargs);
  bool writes_inference = false;
  each_written(call, [&](nb::handle tensor) { writes_inference |= is_inference(tensor); });
  if (writes_inference) return call_torch(call, args, kwargs);
  const GradMode grad(call.session.api, Grad::off);
  nb::object result = call_torch(call, args, kwargs);
  if (!call.op.lifts || !is_inference(result)) return result;
  // torch.tensor() makes one before it asks for this operator: here is another one over the same memory.
  const nb::object empty = call.session.api.torch.attr("empty")(0, nb::arg("dtype") = result.attr("dtype"),
                                                                nb::arg("device") = result.attr("device"));
  return empty.attr("set_")(result.attr("untyped_storage")(), result.attr("storage_offset")(), result.attr("shape"),
                            result.attr("stride")());
}

/// The tensor that has the values: its shadow where there is one.
nb::handle values_of(const KnownTensor& tensor) {
  return tensor.shadow.is_valid() ? nb::handle(tensor.shadow) : nb::handle(tensor.object);
}

void mark_stale(Session& session, nb::handle tensor) {
  KnownTensor& known = session.tensors.known(tensor.ptr());
  if (!known.shadow.is_valid() && session.tensors.is_meta(known)) return;
  session.stale_storages.insert(storage_of(values_of(known)));
}

// ---- recording

AttrValue attr_value(const Arg& arg) {
  switch (arg.kind) {
    case Arg::Kind::integer:
      return arg.integer;
    case Arg::Kind::boolean:
      return arg.integer != 0;
    case Arg::Kind::real:
      return arg.real;
    case Arg::Kind::ints:
      return std::vector<std::int64_t>(arg.ints.begin(), arg.ints.end());
    case Arg::Kind::text:
      return std::string(arg.text);
    default:
      return std::string();
  }
}

/// Whether an input of three or more sizes lies in pieces, as the operator reads it.
bool scattered(const OpCall& call) {
  KnownTensor* input = call.read.tensors.empty() ? nullptr : call.read.tensors.front();
  if (!input || !input->plain || input->layout.sizes.size() < 3) return false;
  Strided layout = call.session.tensors.strided(*input);
  if (call.op.name != "aten::linear" && call.read.args.back().integer != 0) {  // batch_first
    std::swap(layout.sizes[0], layout.sizes[1]);
    std::swap(layout.strides[0], layout.strides[1]);
  }
  return !shape::is_contiguous(layout);
}

Op& record(const OpCall& call) {
  Session& session = call.session;
  Op& op = add_op(session, call.op.name);
  op.in.reserve(call.read.tensors.size());
  for (const KnownTensor* tensor : call.read.tensors) op.in.push_back(tensor ? tensor->value : kNone);
  for (const auto& [index, name] : call.op.attrs) {
    const Arg& arg = call.read.args[index];
    if (arg.given()) op.attrs.push_back({name, attr_value(arg)});
  }
  if (call.op.flattens && scattered(call)) op.attrs.push_back({"scattered", true});
  if (call.op.spelt) {
    const std::string_view spelt = session.decomposing > 0 ? "inside" : session.spellings.of(call.op.name);
    if (!spelt.empty()) op.attrs.push_back({"spelt", std::string(spelt)});
  }
  if (call.op.resizes && !call.read.tensors.empty() && call.read.tensors.front()) {
    const auto rank = static_cast<std::size_t>(call.read.tensors.front()->layout.dim());
    for (Attr& attr : asked_for(rank)) op.attrs.push_back(std::move(attr));
  }
  return op;
}

/// What the values of new tensors say.
enum class Values : std::uint8_t { unknown, constant, shadowed };

/// Takes in what torch returned: a twin or shadow becomes the tensor that it stands for, new tensors get their value.
nb::object record_result(const OpCall& call, nb::object result, Values values = Values::unknown) {
  Session& session = call.session;
  std::vector<Id> out;
  const auto take_in = [&](nb::object item) {
    if (PyObject* original = session.tensors.original_of(item.ptr())) item = nb::borrow(original);
    for (const KnownTensor* tensor : call.read.tensors) {
      if (!tensor || (tensor->object != item.ptr() && tensor->shadow.ptr() != item.ptr())) continue;
      out.push_back(tensor->value);
      return nb::borrow(tensor->object);
    }
    const nb::object dtype = take(PyObject_GetAttr(item.ptr(), session.api.names.dtype));
    if (values == Values::shadowed && !is_integral(session.api.dtype_of(dtype.ptr()))) {
      item = session.tensors.make_shadowed(item);
    } else {
      session.tensors.add(item.ptr()).constant = values != Values::unknown;
    }
    out.push_back(session.tensors.known(item.ptr()).value);
    return item;
  };
  if (session.api.is_tensor(result.ptr())) {
    result = take_in(std::move(result));
  } else if (PyTuple_CheckExact(result.ptr()) || PyList_CheckExact(result.ptr())) {
    const bool tuple = PyTuple_CheckExact(result.ptr());
    nb::list items;
    for (nb::handle item : result) {
      const nb::object object = nb::borrow(item);
      items.append(session.api.is_tensor(object.ptr()) ? take_in(object) : object);
    }
    result = tuple ? nb::object(nb::tuple(items)) : nb::object(items);
  }
  record(call).out = std::move(out);
  return result;
}

// ---- native shape rules

bool ask_rule(const OpCall& call, std::vector<Result>& results) {
  if (!call.op.rule || !call.op.rule->shape) return false;
  for (KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    if (!tensor->plain) return false;
    call.session.tensors.strided(*tensor);
  }
  results.clear();
  return call.op.rule->shape(call.read.args, results);
}

nb::object make_view(const OpCall& call, const Result& result) {
  Session& session = call.session;
  KnownTensor& base = *call.read.tensors[static_cast<std::size_t>(result.alias_of)];
  // A meta tensor has no data that views could share, so a view of one is simply a tensor of that layout. Under
  // inference mode torch refuses that for views of parameters.
  if (base.made) return session.tensors.make(result.tensor);
  std::int64_t offset = result.offset;
  const nb::object at = take(PyObject_CallMethodNoArgs(base.object, session.api.names.storage_offset));
  offset += nb::cast<std::int64_t>(at);
  const nb::object view = session.api.as_strided(nb::handle(base.object), to_tuple(result.tensor.sizes),
                                                 to_tuple(result.tensor.strides), offset);
  session.tensors.add(view.ptr()).constant = base.constant;
  return view;
}

nb::object make_result(const OpCall& call, Result& result) {
  if (result.same) return nb::borrow(call.read.tensors[static_cast<std::size_t>(result.alias_of)]->object);
  if (result.alias_of >= 0) return make_view(call, result);
  return call.session.tensors.make(std::move(result.tensor));
}

nb::object results_object(const Operator& op, std::vector<nb::object>& items) {
  if (op.returns == Operator::Returns::tensor) return std::move(items.front());
  nb::list list;
  for (nb::object& item : items) list.append(std::move(item));
  return op.returns == Operator::Returns::list ? nb::object(list) : nb::object(nb::tuple(list));
}

/// The answer of the native rule, or a null object where there is none.
nb::object answer_natively(const OpCall& call) {
  std::vector<Result> results;
  if (!ask_rule(call, results)) return {};
  std::vector<nb::object> items;
  std::vector<Id> out;
  for (Result& result : results) {
    items.push_back(make_result(call, result));
    out.push_back(call.session.tensors.known(items.back().ptr()).value);
  }
  record(call).out = std::move(out);
  return results_object(call.op, items);
}

// ---- in-place operators

/// In-place operators on pretended tensors do nothing. Returns null where torch must be asked (bad shapes).
nb::object answer_in_place(const OpCall& call) {
  KnownTensor* self = call.read.tensors.empty() ? nullptr : call.read.tensors.front();
  if (!self) return {};
  std::vector<Result> results;
  if (call.session.native_rules && ask_rule(call, results) && results.size() == 1 && !results[0].same &&
      results[0].tensor.sizes != self->layout.sizes) {
    return {};
  }
  mark_stale(call.session, self->object);
  record(call).out.push_back(self->value);
  return nb::borrow(self->object);
}

// ---- torch

nb::object moved_to_meta(Session& session, PyObject* value) {
  if (session.api.is_tensor(value)) {
    return nb::borrow(session.tensors.meta_of(session.tensors.known(value)));
  }
  if (PyList_CheckExact(value) || PyTuple_CheckExact(value)) {
    nb::list items;
    for (nb::handle item : nb::borrow(value)) items.append(moved_to_meta(session, item.ptr()));
    return PyTuple_CheckExact(value) ? nb::object(nb::tuple(items)) : nb::object(items);
  }
  if (PyObject_TypeCheck(value, reinterpret_cast<PyTypeObject*>(session.api.device_type.ptr()))) {
    return session.api.meta_device;
  }
  return nb::borrow(value);
}

/// Calls torch with every tensor and device moved to meta.
nb::object call_on_meta(const OpCall& call) {
  each_written(call, [&](nb::handle tensor) { mark_stale(call.session, tensor); });
  nb::dict kwargs;
  if (call.kwargs) {
    for (auto [name, value] : nb::borrow<nb::dict>(call.kwargs)) {
      kwargs[name] = moved_to_meta(call.session, value.ptr());
    }
  }
  if (call.op.takes_device && call.read.tensors.empty()) kwargs["device"] = call.session.api.meta_device;
  const nb::object args = moved_to_meta(call.session, call.args);
  try {
    return call_torch(call, args.ptr(), kwargs.ptr());
  } catch (const nb::python_error& refusal) {
    if (call.op.writes || is_callers(refusal) || wants_data(refusal)) throw;
    nb::object result = second_opinion(call.session, call.op.call.ptr(), call.args, call.kwargs);
    if (!result.is_valid()) throw;
    return result;
  }
}

/// Takes a composite operator apart: its parts come back to this mode.
nb::object decompose(const OpCall& call) {
  const TorchApi& api = call.session.api;
  const nb::object decomposition = take(PyObject_GetAttr(call.op.func.ptr(), api.names.decompose));
  const ModeOn on(call.session);
  ++call.session.decomposing;
  PyObject* result = PyObject_Call(decomposition.ptr(), call.args, call.kwargs);
  --call.session.decomposing;
  return take(result);
}

// ---- real operators

std::int64_t elements(const Dims& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) {
    if (__builtin_mul_overflow(count, size, &count)) return INT64_MAX;
  }
  return count;
}

bool is_constant(const KnownTensor& tensor) { return tensor.constant || is_integral(tensor.layout.dtype); }

bool is_small(const KnownTensor& tensor) {
  return elements(tensor.layout.sizes) <= (is_constant(tensor) ? kMaxRealIntegers : kMaxRealFloats);
}

/// Results are seldom larger than what the operands broadcast to; where there is a shape rule, it says.
bool results_are_small(const OpCall& call) {
  std::vector<Result> results;
  try {
    if (ask_rule(call, results)) {
      return std::ranges::all_of(results, [](const Result& result) {
        return result.alias_of >= 0 || elements(result.tensor.sizes) <= kMaxRealIntegers;
      });
    }
  } catch (const nb::python_error& error) {  // sparse tensors have no strides
    pass_on_interrupt(error);
  }
  Dims largest;  // from the last dimension
  for (const KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    const Dims& sizes = tensor->layout.sizes;
    largest.resize(std::max(largest.size(), sizes.size()), 1);
    for (std::size_t i = 0; i < sizes.size(); ++i) largest[i] = std::max(largest[i], sizes[sizes.size() - 1 - i]);
  }
  return elements(largest) <= kMaxRealIntegers;
}

bool all_real_and_small(const OpCall& call) {
  bool any = false;
  Session& session = call.session;
  for (KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    any = true;
    const bool shadowed = tensor->shadow.is_valid();
    if ((tensor->place == KnownTensor::Place::meta && !shadowed) || !is_small(*tensor)) return false;
    if (call.op.dear && !is_integral(tensor->layout.dtype) && elements(tensor->layout.sizes) > kMaxDear) return false;
    if (shadowed ? call.op.changes_layout : session.tensors.is_meta(*tensor)) return false;
    if (!session.stale_storages.empty() && session.stale_storages.contains(storage_of(values_of(*tensor))))
      return false;
  }
  return any && results_are_small(call);
}

void keep_written(const OpCall& call) {
  each_written(call, [&](nb::handle tensor) { keep_before_write(call.session, tensor.ptr()); });
  for (std::size_t i = 0; i < call.op.args.size(); ++i) {
    PyObject* object = call.op.args[i].statistics ? call.read.objects[i] : nullptr;
    if (object && call.session.api.is_tensor(object)) keep_before_write(call.session, object);
  }
}

/// An argument with shadows in place of what they stand for, and the device `home` in place of meta.
nb::object brought_home(Session& session, nb::handle value, const nb::object& home) {
  if (session.api.is_tensor(value.ptr())) return nb::borrow(values_of(session.tensors.known(value.ptr())));
  if (PyList_CheckExact(value.ptr()) || PyTuple_CheckExact(value.ptr())) {
    nb::list items;
    for (nb::handle item : value) items.append(brought_home(session, item, home));
    return PyTuple_CheckExact(value.ptr()) ? nb::object(nb::tuple(items)) : nb::object(items);
  }
  const bool device = nb::isinstance(value, session.api.device_type);
  return device && value.equal(session.api.meta_device) ? home : nb::borrow(value);
}

bool is_view(const TorchApi& api, const nb::object& result, const KnownTensor& base) {
  if (api.is_tensor(result.ptr())) return storage_of(result) == storage_of(base.object);
  return PyList_Check(result.ptr()) && PyList_GET_SIZE(result.ptr()) > 0 && is_view(api, result[0], base);
}

/// What a real operator's results say: `on_meta` where they would be on meta but for their values. A view of a real
/// tensor stays real: torch marks it as one, which it cannot do to a tensor made under inference mode.
Values values_of_results(const OpCall& call, const nb::object& result, bool on_meta) {
  bool constant = !call.op.random;
  for (const KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    constant &= is_constant(*tensor);
    const bool large = !is_integral(tensor->layout.dtype) && elements(tensor->layout.sizes) > kMaxRealFloats;
    on_meta |= tensor->shadow.is_valid() || (large && !is_view(call.session.api, result, *tensor));
  }
  return on_meta ? Values::shadowed : constant ? Values::constant : Values::unknown;
}

/// Runs the operator on its real operands. Where it is asked to put its result on the meta device, because the
/// activations say that they are there, integers stay real and floats keep their values.
nb::object run_real(const OpCall& call, bool on_meta = false) {
  keep_written(call);
  Session& session = call.session;
  nb::object home = session.api.cpu_device;
  for (KnownTensor* tensor : call.read.tensors) {
    if (tensor) home = take(PyObject_GetAttr(values_of(*tensor).ptr(), session.api.names.device));
  }
  nb::dict kwargs;
  if (call.kwargs) {
    for (auto [name, value] : nb::borrow<nb::dict>(call.kwargs)) kwargs[name] = brought_home(session, value, home);
  }
  const nb::object args = brought_home(session, call.args, home);
  nb::object result = call_for_real(call, args.ptr(), kwargs.ptr());
  if (call.op.changes_layout) session.tensors.refresh(*call.read.tensors.front());
  const Values values = values_of_results(call, result, on_meta);
  return record_result(call, std::move(result), values);
}

/// Factories: integers and booleans are made for real even where meta is asked for, so that a model can look at them.
nb::object answer_factory(const OpCall& call) {
  PyObject* device = call.kwargs ? PyDict_GetItemString(call.kwargs, "device") : nullptr;
  const bool asks_meta = device && nb::handle(device).equal(call.session.api.meta_device);
  std::vector<Result> results;
  nb::object on_meta;
  if (!call.session.native_rules || !ask_rule(call, results)) {
    on_meta = call_on_meta(call);
    if (!call.session.api.is_tensor(on_meta.ptr())) return record_result(call, on_meta);
    results.push_back({.tensor = call.session.tensors.known(on_meta.ptr()).layout});
  }
  const std::int64_t size = elements(results.front().tensor.sizes);
  const bool integral = is_integral(results.front().tensor.dtype);
  if (integral ? size <= kMaxRealIntegers : !asks_meta && size <= kMaxRealFloats) return run_real(call);
  if (!call.op.random && size <= kMaxRealIntegers) return run_real(call, true);
  return on_meta.is_valid() ? record_result(call, on_meta) : answer_natively(call);
}

// ---- one operator

/// `known`: there is a rule or a formula for the operator as it is.
nb::object answer(const OpCall& call, bool known) {
  Session& session = call.session;
  // No: sequences are counted with their padding, as they are given, whatever the values in the mask.
  if (call.op.asks_to_pack) return nb::bool_(false);
  if (session.real) {
    if (!known && call.op.composite) return decompose(call);
    keep_written(call);
    nb::object result = call_for_real(call, call.args, call.kwargs);
    if (call.op.changes_layout) session.tensors.refresh(*call.read.tensors.front());
    return record_result(call, std::move(result));
  }
  if (call.read.tensors.empty() && call.op.takes_device) return answer_factory(call);
  if (all_real_and_small(call)) {
    if (!known && call.op.composite) return decompose(call);
    return run_real(call);
  }
  if (call.op.in_place && !call.op.changes_layout) {
    if (nb::object self = answer_in_place(call); self.is_valid()) return self;
  } else if (session.native_rules && !call.op.writes) {
    if (nb::object result = answer_natively(call); result.is_valid()) return result;
  }
  if (!known && call.op.composite) return decompose(call);
  nb::object result = call_on_meta(call);
  if (call.op.changes_layout) session.tensors.refresh(*call.read.tensors.front());
  return record_result(call, std::move(result));
}

}  // namespace

nb::object dispatch(Session& session, PyObject* func, PyObject* args, PyObject* kwargs) {
  const BorrowedArguments borrowed(session);
  const Operator& op = operator_of(func);
  if (op.asks_layout) return take(PyObject_Call(func, args, kwargs));
  if (op.asks_compatible) return nb::bool_(true);  // weights stay where they are and activations are on meta
  read_arguments(session.api, op, args, kwargs, session.tensors, *borrowed);
  const OpCall call{session, op, args, kwargs, *borrowed};
  const nb::object formula = registered_formula(op);
  nb::object result = answer(call, op.rule || formula.is_valid());
  if (formula.is_valid()) {
    session.trace.ops.back().attrs.push_back({"flops", registered_flops(formula, op, args, kwargs, result)});
  }
  return result;
}

namespace {

/// Outside the mode's own __torch_dispatch__, which torch calls with the mode off, making a tensor would come back to
/// it.
class ModeOff {
 public:
  explicit ModeOff(Session& session) : session_(session) { session_.api.pop(); }
  ~ModeOff() { session_.api.push(session_.mode.ptr()); }
  ModeOff(const ModeOff&) = delete;
  ModeOff& operator=(const ModeOff&) = delete;

 private:
  Session& session_;
};

}  // namespace

nb::object answer_leaf(Session& session, std::string_view name, bool in_place,
                       std::span<const std::string_view> arguments, Arguments& read) {
  static auto* operators = new std::unordered_map<std::string_view, std::array<Operator, 2>>;
  auto& [plain, written] = (*operators)[name];
  if (plain.name.empty()) {
    plain.name = name;
    written.name = plain.name + '_';
    plain.rule = written.rule = find_rule(name);
    plain.flattens = flattens_input(name);
    plain.returns = written.returns = Operator::Returns::tensor;
    for (std::size_t i = 0; i < arguments.size() && plain.rule; ++i) {
      if (reads(*plain.rule, arguments[i])) plain.attrs.emplace_back(i, arguments[i]);
    }
    written.attrs = plain.attrs;
  }
  const OpCall call{session, in_place ? written : plain, nullptr, nullptr, read};
  if (!plain.rule) return {};
  for (const auto& [index, attr] : plain.attrs) {
    if (!read.args[index].given()) return {};  // forward finds a value for it
  }
  const ModeOff off(session);
  return in_place ? answer_in_place(call) : answer_natively(call);
}

nb::object shape_rule(nb::object func, nb::tuple args, nb::dict kwargs) {
  Session session(torch_api());
  session.tensors.real = true;  // to be told of tensors that have no meta form, not refused
  const Operator& op = operator_of(func.ptr());
  Arguments read;
  read_arguments(session.api, op, args.ptr(), kwargs.ptr(), session.tensors, read);
  std::vector<Result> results;
  if (!ask_rule({session, op, args.ptr(), kwargs.ptr(), read}, results)) return nb::none();
  nb::list list;
  for (const Result& result : results) {
    const nb::object sizes = to_tuple(result.tensor.sizes);
    const nb::object strides = to_tuple(result.tensor.strides);
    if (result.same) {
      list.append(nb::make_tuple("same", result.alias_of));
    } else if (result.alias_of >= 0) {
      list.append(nb::make_tuple("view", result.alias_of, sizes, strides, result.offset));
    } else {
      list.append(nb::make_tuple("new", sizes, strides, nb::handle(session.api.dtype_objects.at(result.tensor.dtype))));
    }
  }
  return list;
}

}  // namespace thoplw::capture
