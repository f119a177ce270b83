// Records which values go in and out of an operator, and the attributes that formulas read.
#include "capture/recording.h"

#include <utility>

#include "capture/nested.h"
#include "capture/resizing.h"
#include "capture/sparse_and_quantized.h"
#include "operators/shape/strides.h"

namespace thoplw::capture {
namespace {

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
  Strided layout = call.pass.tensors.strided(*input);
  if (call.op.name != "aten::linear" && call.read.args.back().integer != 0) {  // batch_first
    std::swap(layout.sizes[0], layout.sizes[1]);
    std::swap(layout.strides[0], layout.strides[1]);
  }
  return !shape::is_contiguous(layout);
}

/// The tensor in whose memory a result lies, where torch does not know that it does: one made from a template.
const KnownTensor* base_of(const OpCall& call, PyObject* result) {
  if (!call.pass.tensors.lives) return nullptr;
  std::uintptr_t memory = 0;
  for (const KnownTensor* tensor : call.read.tensors) {
    if (!tensor || !tensor->made || !tensor->object) continue;
    if (memory == 0) memory = memory_of(result);
    if (memory == 0 || memory_of(tensor->object) == memory) return memory == 0 ? nullptr : tensor;
  }
  return nullptr;
}

void add_attrs(const std::vector<std::pair<std::size_t, std::string>>& attrs, const OpCall& call, Op& op) {
  for (const auto& [index, name] : attrs) {
    const Arg& arg = call.read.args[index];
    if (arg.given()) op.attrs.push_back({name, attr_value(arg)});
  }
}

/// Attributes parts0, parts1, ... of the nested ones among the operands: each part meets that of the same number.
void add_parts(const OpCall& call, Op& op) {
  for (std::size_t i = 0; i < call.read.tensors.size(); ++i) {
    const KnownTensor* tensor = call.read.tensors[i];
    if (!tensor || tensor->plain) continue;
    Dims parts = sizes_of_parts(call.pass.api, tensor->object);
    if (!parts.empty()) op.attrs.push_back({"parts" + std::to_string(i), std::move(parts)});
  }
}

}  // namespace

Op& record(const OpCall& call) {
  Pass& pass = call.pass;
  Op op = new_op(pass, call.op.name);  // other threads may add theirs meanwhile
  op.in.reserve(call.read.tensors.size());
  for (KnownTensor* tensor : call.read.tensors) {
    const Id before = tensor ? std::exchange(tensor->before, kNone) : kNone;
    op.in.push_back(before != kNone || !tensor ? before : tensor->value);
  }
  add_attrs(call.op.attrs, call, op);
  if (pass.observes) add_attrs(call.op.training_attrs, call, op);
  if (call.op.flattens && scattered(call)) op.attrs.push_back({"scattered", true});
  if (call.op.by_parts) add_parts(call, op);
  if (call.op.spelt) {
    const std::string_view spelt = pass.strand().decomposing > 0 ? "inside" : pass.spellings.of(call.op.name);
    if (!spelt.empty()) op.attrs.push_back({"spelt", std::string(spelt)});
  }
  if (call.op.resizes && !call.read.tensors.empty() && call.read.tensors.front()) {
    const auto rank = static_cast<std::size_t>(call.read.tensors.front()->layout.dim());
    for (Attr& attr : asked_for(rank)) op.attrs.push_back(std::move(attr));
  }
  return push_op(pass, std::move(op));
}

nb::object record_result(const OpCall& call, nb::object result, Values values) {
  Pass& pass = call.pass;
  std::vector<Id> out;
  const auto take_in = [&](nb::object item) {
    if (PyObject* original = pass.tensors.original_of(item.ptr())) item = nb::borrow(original);
    for (const KnownTensor* tensor : call.read.tensors) {
      if (!tensor || (tensor->object != item.ptr() && tensor->shadow.ptr() != item.ptr())) continue;
      out.push_back(tensor->value);
      return nb::borrow(tensor->object);
    }
    const nb::object dtype = take(PyObject_GetAttr(item.ptr(), pass.api.names.dtype));
    if (values == Values::shadowed && !is_integral(pass.api.dtype_of(dtype.ptr()))) {
      item = pass.tensors.make_shadowed(item);
    } else {
      pass.tensors.add(item.ptr(), base_of(call, item.ptr())).constant = values != Values::unknown;
    }
    out.push_back(pass.tensors.known(item.ptr()).value);
    return item;
  };
  result = with_items(result, [&](nb::handle item) {
    return pass.api.is_tensor(item.ptr()) ? take_in(nb::borrow(item)) : nb::borrow(item);
  });
  record(call).out = std::move(out);
  return result;
}

}  // namespace thoplw::capture
