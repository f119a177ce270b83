// Says which operators run for real, brings their arguments to a device with data, and calls torch.
#include "capture/real_kernels.h"

#include <algorithm>

#include "base/overflow.h"
#include "capture/failure.h"
#include "capture/grad_mode.h"
#include "capture/known_values.h"
#include "capture/native_answers.h"
#include "capture/nested.h"
#include "capture/writes.h"

namespace thoplw::capture {
namespace {

/// How many floats an operator that takes long may read and still run for real. Larger ones are encodings of positions,
/// at which no model looks.
constexpr std::int64_t kMaxDear = 1 << 12;

bool is_inference(nb::handle tensor) { return nb::cast<bool>(tensor.attr("is_inference")()); }

bool is_constant(const KnownTensor& tensor) { return tensor.constant || is_integral(tensor.layout.dtype); }

bool is_small(const KnownTensor& tensor) {
  return elements(tensor.layout.sizes) <= (is_constant(tensor) ? kMaxRealIntegers : kMaxRealFloats);
}

/// A shape rule tells the sizes of results. Where there is none, they are taken to be those that the operands broadcast
/// to, since results are seldom larger.
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
  Dims largest;  // the last dimension first
  for (const KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    const Dims& sizes = tensor->layout.sizes;
    largest.resize(std::max(largest.size(), sizes.size()), 1);
    for (std::size_t i = 0; i < sizes.size(); ++i) largest[i] = std::max(largest[i], sizes[sizes.size() - 1 - i]);
  }
  return elements(largest) <= kMaxRealIntegers;
}

/// The arguments, with each tensor that has a shadow replaced by it, and the meta device by `home`.
nb::object brought_home(Pass& pass, PyObject* arguments, const nb::object& home) {
  const TorchApi& api = pass.api;
  return with_items(arguments, [&](nb::handle value) {
    if (api.is_tensor(value.ptr())) return nb::borrow(values_of(pass.tensors.known(value.ptr())));
    return api.is_device(value.ptr()) && value.equal(api.meta_device) ? home : nb::borrow(value);
  });
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
    on_meta |= tensor->shadow.is_valid() || (large && !is_view(call.pass.api, result, *tensor));
  }
  return on_meta ? Values::shadowed : constant ? Values::constant : Values::unknown;
}

}  // namespace

std::int64_t elements(const Dims& sizes) {
  std::int64_t count = 1;
  for (const std::int64_t size : sizes) {
    if (multiply_overflows(count, size, count)) return INT64_MAX;
  }
  return count;
}

nb::handle values_of(const KnownTensor& tensor) {
  return tensor.shadow.is_valid() ? nb::handle(tensor.shadow) : nb::handle(tensor.object);
}

void mark_stale(Pass& pass, nb::handle tensor) {
  KnownTensor& known = pass.tensors.known(tensor.ptr());
  forget_values(pass, known);
  if (!known.shadow.is_valid() && pass.tensors.is_meta(known)) return;
  pass.stale_storages.insert(storage_of(values_of(known)));
}

bool all_real_and_small(const OpCall& call) {
  bool any = false;
  Pass& pass = call.pass;
  for (KnownTensor* tensor : call.read.tensors) {
    if (!tensor) continue;
    any = true;
    const bool shadowed = tensor->shadow.is_valid();
    if ((tensor->place == KnownTensor::Place::meta && !shadowed) || !is_small(*tensor)) return false;
    if (call.op.dear && !is_integral(tensor->layout.dtype) && elements(tensor->layout.sizes) > kMaxDear) return false;
    if (shadowed ? call.op.changes_layout : pass.tensors.is_meta(*tensor)) return false;
    if (!pass.stale_storages.empty() && pass.stale_storages.contains(storage_of(values_of(*tensor)))) return false;
  }
  return any && results_are_small(call);
}

void keep_written(const OpCall& call) {
  each_written(call, [&](nb::handle tensor) { keep_before_write(call.pass, tensor.ptr()); });
  for (std::size_t i = 0; i < call.op.args.size(); ++i) {
    PyObject* object = call.op.args[i].statistics ? call.read.objects[i] : nullptr;
    if (object && call.pass.api.is_tensor(object)) keep_before_write(call.pass, object);
  }
}

nb::object call_for_real(const OpCall& call, PyObject* args, PyObject* kwargs) {
  if (call.pass.autograd) return call_torch(call, args, kwargs);
  bool writes_inference = false;
  each_written(call, [&](nb::handle tensor) { writes_inference |= is_inference(tensor); });
  if (writes_inference) return call_torch(call, args, kwargs);
  const GradMode grad(call.pass.api, Grad::off);
  nb::object result = call_torch(call, args, kwargs);
  if (!call.op.lifts || !is_inference(result)) return result;
  // torch.tensor() has made an inference tensor before it calls this operator, so another is made over the same memory.
  const nb::object empty = call.pass.api.torch.attr("empty")(0, nb::arg("dtype") = result.attr("dtype"),
                                                             nb::arg("device") = result.attr("device"));
  return empty.attr("set_")(result.attr("untyped_storage")(), result.attr("storage_offset")(), result.attr("shape"),
                            result.attr("stride")());
}

nb::object run_real(const OpCall& call, bool on_meta) {
  keep_written(call);
  Pass& pass = call.pass;
  nb::object home = pass.api.cpu_device;
  for (KnownTensor* tensor : call.read.tensors) {
    if (tensor) home = take(PyObject_GetAttr(values_of(*tensor).ptr(), pass.api.names.device));
  }
  const nb::object kwargs = call.kwargs ? brought_home(pass, call.kwargs, home) : nb::object();
  const nb::object args = brought_home(pass, call.args, home);
  nb::object result = call_for_real(call, args.ptr(), kwargs.ptr());
  if (call.op.changes_layout) pass.tensors.refresh(*call.read.tensors.front());
  each_written(call, [&](nb::handle tensor) { count_write(pass, values_of(pass.tensors.known(tensor.ptr()))); });
  const Values values = values_of_results(call, result, on_meta);
  return record_result(call, std::move(result), values);
}

}  // namespace thoplw::capture
