// Counts the trues of a mask. What has as many indices in its place has a result of the same layout.
#include "capture/masked.h"

#include <optional>

#include "capture/grad_mode.h"
#include "capture/known_values.h"
#include "capture/mode_stack.h"
#include "capture/real_kernels.h"
#include "capture/recording.h"
#include "capture/second_opinion.h"

namespace thoplw::capture {
namespace {

bool is_mask(const KnownTensor& tensor) {
  return tensor.layout.dtype == DType::boolean || tensor.layout.dtype == DType::u8;
}

/// Of a mask that was expanded, elements that lie in the same place are counted once, and multiplied.
std::optional<std::int64_t> trues(Pass& pass, KnownTensor& mask) {
  const nb::object real = values_known(pass, mask);
  if (!real.is_valid()) return std::nullopt;
  const ModesOff modes(pass.api);
  const GradMode grad(pass.api, Grad::off);
  Dims sizes = dims_of(nb::object(real.attr("shape")).ptr());
  const Dims strides = dims_of(nb::object(real.attr("stride")()).ptr());
  std::int64_t copies = 1;
  for (std::size_t d = 0; d < sizes.size(); ++d) {
    if (strides[d] != 0 || sizes[d] == 0) continue;
    copies *= sizes[d];
    sizes[d] = 1;
  }
  const nb::object once = real.attr("as_strided")(to_tuple(sizes), to_tuple(strides));
  return copies * nb::cast<std::int64_t>(once.attr("count_nonzero")().attr("item")());
}

/// Whether the mask has the sizes of the input from this dimension on.
bool fits(const Dims& mask, const Dims& input, std::size_t first) {
  return first + mask.size() <= input.size() && std::ranges::equal(mask, std::span(input).subspan(first, mask.size()));
}

/// The indices that stand for one mask: a meta tensor for each of its dimensions.
struct Picked {
  Pass& pass;
  const Dims& input;
  nb::list indices;
  bool any = false, misfits = false;

  bool add(PyObject* item) {
    if (item == Py_None) {
      indices.append(nb::none());
      return true;
    }
    KnownTensor& index = pass.tensors.known(item);
    if (!is_mask(index)) {
      indices.append(nb::handle(pass.tensors.meta_of(index)));
      return true;
    }
    const Dims sizes = index.layout.sizes;
    if (sizes.empty()) return false;
    misfits = !fits(sizes, input, indices.size());
    const std::optional<std::int64_t> count = misfits ? std::nullopt : trues(pass, index);
    if (!count) return false;
    any = true;
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      indices.append(pass.api.new_meta({.dtype = DType::i64, .sizes = {*count}, .strides = {1}}));
    }
    return true;
  }
};

/// x[mask], x[mask, 3], x.index_put([mask], y)
nb::object answer_index(const OpCall& call) {
  Pass& pass = call.pass;
  KnownTensor* input = call.read.tensors.front();
  PyObject* given = call.read.objects[1];
  if (!input || PyTuple_GET_SIZE(call.args) < 2 || !PyList_Check(given)) return {};
  Picked picked{pass, input->layout.sizes, {}};
  for (Py_ssize_t i = 0; i < PyList_GET_SIZE(given); ++i) {
    if (picked.add(PyList_GET_ITEM(given, i))) continue;
    if (picked.misfits) second_opinion(pass, call.op.call.ptr(), call.args, call.kwargs);  // raises torch's own error
    return {};
  }
  if (!picked.any) return {};
  nb::list args;
  args.append(nb::handle(pass.tensors.meta_of(*input)));
  args.append(picked.indices);
  for (Py_ssize_t i = 2; i < PyTuple_GET_SIZE(call.args); ++i) {
    PyObject* rest = PyTuple_GET_ITEM(call.args, i);
    args.append(nb::handle(pass.api.is_tensor(rest) ? pass.tensors.meta_of(pass.tensors.known(rest)) : rest));
  }
  return record_result(call, call_torch(call, nb::tuple(args).ptr(), call.kwargs));
}

/// x.masked_select(mask): each is repeated along the sizes that the other has more of.
nb::object answer_select(const OpCall& call) {
  KnownTensor *input = call.read.tensors.front(), *mask = call.read.tensors.back();
  const std::int64_t size = elements(mask->layout.sizes);
  std::optional<std::int64_t> count = trues(call.pass, *mask);
  if (!count) return {};
  Dims both = mask->layout.sizes;
  const Dims& other = input->layout.sizes;
  if (both.size() < other.size()) both.insert(both.begin(), other.size() - both.size(), 1);
  for (std::size_t i = 0; i < other.size(); ++i) {
    std::int64_t& extent = both[both.size() - 1 - i];
    if (extent == 1) extent = other[other.size() - 1 - i];
  }
  if (size > 0) *count *= elements(both) / size;
  return record_result(call, call.pass.api.new_meta({input->layout.dtype, {*count}, {1}}));
}

}  // namespace

nb::object answer_masked(const OpCall& call) {
  switch (call.op.picks) {
    case Operator::Picks::by_index:
      return answer_index(call);
    case Operator::Picks::by_mask:
      return answer_select(call);
    default:
      return {};
  }
}

}  // namespace thoplw::capture
