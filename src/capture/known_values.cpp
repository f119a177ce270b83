// Runs operators for real whose operands are known, each at most once, back to front from the tensor that was asked
// for.
#include "capture/known_values.h"

#include <algorithm>
#include <span>

#include "capture/failure.h"
#include "capture/grad_mode.h"
#include "capture/mode_stack.h"
#include "capture/nested.h"
#include "capture/questions.h"
#include "capture/real_kernels.h"
#include "capture/recording.h"
#include "capture/sparse_and_quantized.h"
#include "capture/writes.h"

namespace thoplw::capture {
namespace {

constexpr std::int64_t kMostElements = 1 << 25;
constexpr std::int64_t kMostWritten = 1 << 22;  // at once, whether or not somebody asks later
constexpr int kDeepest = 200;

/// How often what is in the tensor's memory has been written to.
std::int64_t writes_to(const Pass& pass, nb::handle tensor) {
  if (pass.writes.empty()) return 0;
  const auto found = pass.writes.find(storage_of(tensor));
  return found == pass.writes.end() ? 0 : found->second;
}

bool is_out_of_date(const Pass& pass, const nb::object& real) {
  return !pass.stale_storages.empty() && pass.stale_storages.contains(storage_of(real));
}

bool is_real_integer(Pass& pass, KnownTensor& tensor) {
  return is_integral(tensor.layout.dtype) && tensor.plain && !pass.tensors.is_meta(tensor);
}

bool has_values(Pass& pass, KnownTensor& tensor) {
  return (tensor.values && !tensor.values->stale) || tensor.shadow.is_valid() || is_real_integer(pass, tensor);
}

/// Where a tensor's life is observed it must not be held: another over the same memory stands in.
nb::object held(Pass& pass, nb::handle real) {
  if (!pass.lives) return nb::borrow(real);
  const GradMode grad(pass.api, Grad::off);
  return real.attr("detach")();
}

/// The tensor as an operand; without values where they cannot be followed.
Derivation::Source source_of(Pass& pass, KnownTensor& tensor) {
  const bool on_meta = tensor.values && !tensor.shadow.is_valid() && pass.tensors.is_meta(tensor);
  if (on_meta && !tensor.values->real.is_valid()) return {tensor.values, std::nullopt};
  const nb::handle real = on_meta ? nb::handle(tensor.values->real) : values_of(tensor);
  if (is_out_of_date(pass, nb::borrow(real))) return {};
  const std::int64_t writes = writes_to(pass, real);
  if (on_meta) return {tensor.values, writes};
  auto values = std::make_shared<KnownValues>();
  values->real = held(pass, real);
  return {std::move(values), writes};
}

/// An operand of which only shape and type matter.
Derivation::Source shape_of(const KnownTensor& tensor) {
  auto values = std::make_shared<KnownValues>();
  values->layout = tensor.layout;
  return {std::move(values), std::nullopt};
}

/// A real tensor of that shape and type that takes no memory.
nb::object any_of_shape(Pass& pass, const Strided& layout) {
  const auto dtype = pass.api.dtype_objects.find(layout.dtype);
  if (dtype == pass.api.dtype_objects.end()) return {};
  const GradMode grad(pass.api, Grad::off);
  const nb::object one = pass.api.torch.attr("zeros")(nb::tuple(), nb::arg("dtype") = nb::handle(dtype->second));
  return one.attr("expand")(to_tuple(layout.sizes));
}

/// The arguments without their tensors, which become sources.
nb::object emptied(Pass& pass, PyObject* arguments, Derivation& derivation) {
  return with_items(arguments, [&](nb::handle value) {
    if (!pass.api.is_tensor(value.ptr())) return nb::borrow(value);
    KnownTensor& tensor = pass.tensors.known(value.ptr());
    const bool shape = derivation.sources.size() >= derivation.op->shapes_from;
    derivation.sources.push_back(shape ? shape_of(tensor) : source_of(pass, tensor));
    return nb::borrow(Py_Ellipsis);
  });
}

std::shared_ptr<Derivation> derivation_of(const OpCall& call) {
  auto derivation = std::make_shared<Derivation>();
  derivation->op = &call.op;
  derivation->args = emptied(call.pass, call.args, *derivation);
  if (call.kwargs) derivation->kwargs = emptied(call.pass, call.kwargs, *derivation);
  for (const Derivation::Source& source : derivation->sources) {
    if (!source.values) return nullptr;
    const Derivation* before = source.values->derivation.get();
    if (before) derivation->depth = std::max(derivation->depth, before->depth + 1);
  }
  return derivation->depth <= kDeepest ? derivation : nullptr;
}

bool work_out(Pass& pass, KnownValues& values);

/// Whether the operands are what they were, and are known.
bool sources_hold(Pass& pass, const Derivation& derivation) {
  return std::ranges::all_of(derivation.sources, [&](const Derivation::Source& source) {
    if (!work_out(pass, *source.values)) return false;
    return writes_to(pass, source.values->real) == source.writes.value_or(source.values->writes);
  });
}

/// The arguments with real tensors, and a device that has values in the place of meta.
nb::object filled(Pass& pass, const nb::object& arguments, const Derivation& derivation, std::size_t& next) {
  const TorchApi& api = pass.api;
  return with_items(arguments, [&](nb::handle value) {
    if (value.ptr() == Py_Ellipsis) return derivation.sources[next++].values->real;
    if (!api.is_device(value.ptr()) || !value.equal(api.meta_device)) return nb::borrow(value);
    return derivation.sources.empty() ? api.cpu_device
                                      : nb::object(derivation.sources.front().values->real.attr("device"));
  });
}

nb::object run(Pass& pass, const Derivation& derivation) {
  std::size_t next = 0;
  const nb::object args = filled(pass, derivation.args, derivation, next);
  const nb::object kwargs =
      derivation.kwargs.is_valid() ? filled(pass, derivation.kwargs, derivation, next) : nb::object();
  const GradMode grad(pass.api, Grad::off);
  try {
    return take(PyObject_Call(derivation.op->call.ptr(), args.ptr(), kwargs.ptr()));
  } catch (const nb::python_error& error) {
    pass_on_interrupt(error);
    return {};
  }
}

bool has_run(Pass& pass, Derivation& derivation) {
  if (derivation.results.is_valid()) return true;
  if (derivation.failed) return false;
  if (sources_hold(pass, derivation)) derivation.results = run(pass, derivation);
  derivation.failed = !derivation.results.is_valid();
  if (derivation.failed) return false;
  derivation.args.reset();
  derivation.kwargs.reset();
  return true;
}

bool work_out(Pass& pass, KnownValues& values) {
  if (values.stale) return false;
  if (!values.real.is_valid() && !values.derivation) {
    values.real = any_of_shape(pass, values.layout);
    values.writes = values.real.is_valid() ? writes_to(pass, values.real) : kNotCounted;
  } else if (!values.real.is_valid()) {
    if (!has_run(pass, *values.derivation)) return false;
    std::size_t index = 0;
    each_tensor(pass.api, values.derivation->results.ptr(), [&](PyObject* tensor) {
      if (index++ == values.index) values.real = nb::borrow(tensor);
    });
    if (values.real.is_valid()) values.writes = writes_to(pass, values.real);
  }
  return values.real.is_valid() && !is_out_of_date(pass, values.real);
}

void forget(Pass& pass, KnownValues& values) {
  if (values.stale) return;
  values.stale = true;
  if (values.real.is_valid()) pass.stale_storages.insert(storage_of(values.real));  // other views lie there, too
  if (!values.derivation || !values.derivation->op->shares) return;
  for (const Derivation::Source& source : values.derivation->sources) forget(pass, *source.values);
}

/// A result of known values: floats are on meta, as all activations are.
nb::object taken_in(Pass& pass, const nb::object& real) {
  Strided layout = pass.tensors.shape_of(real.ptr());
  if (is_integral(layout.dtype)) {
    pass.tensors.add(real.ptr()).constant = true;
    return real;
  }
  layout.strides = dims_of(take(PyObject_CallMethodNoArgs(real.ptr(), pass.api.names.stride)).ptr());
  nb::object made = pass.tensors.make(std::move(layout));
  auto values = std::make_shared<KnownValues>();
  values->writes = writes_to(pass, real);
  values->real = real;
  pass.tensors.known(made.ptr()).values = std::move(values);
  return made;
}

}  // namespace

std::shared_ptr<KnownValues> given_values(const nb::object& input) {
  auto values = std::make_shared<KnownValues>();
  values->real = torch_api().is_plain_tensor(input.ptr()) ? input : input.attr("as_subclass")(torch_api().tensor_type);
  return values;
}

bool follows(const OpCall& call) {
  if (!call.op.repeatable) return false;
  const std::size_t count = std::min(call.read.tensors.size(), call.op.shapes_from);
  return std::ranges::all_of(std::span(call.read.tensors).first(count),
                             [&](KnownTensor* tensor) { return !tensor || has_values(call.pass, *tensor); });
}

void remember(const OpCall& call, const nb::object& results) {
  Pass& pass = call.pass;
  std::vector<KnownTensor*> made;
  bool any = false, small = true;
  each_tensor(pass.api, results.ptr(), [&](PyObject* tensor) {
    KnownTensor& known = pass.tensors.known(tensor);
    any |= !known.values && !known.shadow.is_valid() && pass.tensors.is_meta(known);
    small &= elements(known.layout.sizes) <= kMostElements;
    made.push_back(&known);
  });
  if (!any || !small) return;
  const std::shared_ptr<Derivation> derivation = derivation_of(call);
  const auto uncounted = [](const Derivation::Source& source) { return source.writes == kNotCounted; };
  if (!derivation || std::ranges::any_of(derivation->sources, uncounted)) return;
  for (std::size_t i = 0; i < made.size(); ++i) {
    if (made[i]->values || made[i]->shadow.is_valid()) continue;
    made[i]->values = std::make_shared<KnownValues>();
    made[i]->values->derivation = derivation;
    made[i]->values->index = i;
  }
}

nb::object values_known(Pass& pass, KnownTensor& tensor) {
  const NotTheForward we_do;
  const ModesOff modes(pass.api);
  if (tensor.shadow.is_valid() || is_real_integer(pass, tensor)) {
    const nb::object real = nb::borrow(values_of(tensor));
    return is_out_of_date(pass, real) ? nb::object() : real;
  }
  return tensor.values && work_out(pass, *tensor.values) ? tensor.values->real : nb::object();
}

nb::object answer_by_values(const OpCall& call) {
  Pass& pass = call.pass;
  const ModesOff modes(pass.api);
  const std::shared_ptr<Derivation> derivation = derivation_of(call);
  if (!derivation || !has_run(pass, *derivation)) return {};
  bool plain = true;  // else its sizes do not tell what it holds
  each_tensor(pass.api, derivation->results.ptr(),
              [&](PyObject* tensor) { plain &= !held_by(pass.api, tensor).has_value(); });
  if (!plain) return {};
  std::vector<Id> out;
  nb::object results = with_items(derivation->results, [&](nb::handle item) {
    if (!pass.api.is_tensor(item.ptr())) return nb::borrow(item);
    nb::object result = taken_in(pass, nb::borrow(item));
    out.push_back(pass.tensors.known(result.ptr()).value);
    return result;
  });
  record(call).out = std::move(out);
  return results;
}

nb::object write_values(const OpCall& call) {
  Pass& pass = call.pass;
  KnownTensor* self = call.read.tensors.empty() ? nullptr : call.read.tensors.front();
  const bool ours = self && self->values && self->values->derivation && is_integral(self->layout.dtype);
  if (!ours || call.op.random || elements(self->layout.sizes) > kMostWritten) return {};
  const auto known = [&](KnownTensor* tensor) { return !tensor || has_values(pass, *tensor); };
  if (!std::ranges::all_of(call.read.tensors, known)) return {};
  const ModesOff modes(pass.api);
  if (!work_out(pass, *self->values) || pass.tensors.is_foreign(storage_of(self->values->real))) return {};
  const std::shared_ptr<Derivation> derivation = derivation_of(call);
  if (!derivation || !has_run(pass, *derivation)) return {};
  count_write(pass, self->values->real);
  record(call).out.push_back(self->value);
  return nb::borrow(self->object);
}

void forget_values(Pass& pass, KnownTensor& tensor) {
  if (tensor.values) forget(pass, *tensor.values);
}

}  // namespace thoplw::capture
