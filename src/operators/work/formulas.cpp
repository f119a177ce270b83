// Formulas of operators that do one kind of work per element, and what all formulas read tensors with.
#include "operators/work/formulas.h"

#include <algorithm>
#include <iterator>
#include <string>

namespace thoplw {

bool OpView::has_in(std::size_t i) const { return i < op.in.size() && op.in[i] != kNone; }

const Tensor& OpView::in(std::size_t i) const {
  if (!has_in(i)) throw Error("tensor argument " + std::to_string(i + 1) + " is missing");
  return trace.values[static_cast<std::size_t>(op.in[i])];
}

const Tensor& OpView::out(std::size_t i) const {
  if (i >= op.out.size() || op.out[i] == kNone) throw Error("result " + std::to_string(i + 1) + " is missing");
  return trace.values[static_cast<std::size_t>(op.out[i])];
}

namespace work {
Count leading(const Tensor& tensor, std::size_t from_end) {
  Count product = 1;
  for (std::size_t i = 0; i + from_end < tensor.shape.size(); ++i) product *= tensor.shape[i];
  return product;
}

Count size_from_end(const Tensor& tensor, std::size_t from_end) {
  if (from_end > tensor.shape.size()) {
    throw Error("a tensor of " + std::to_string(from_end) + " or more dimensions is needed, this has " +
                std::to_string(tensor.shape.size()));
  }
  return tensor.shape[tensor.shape.size() - from_end];
}

template <class T>
const T& attr_as(const OpView& op, std::string_view name) {
  const AttrValue* value = op.attr(name);
  if (!value) throw Error("needs the attribute '" + std::string(name) + "'");
  if (const T* typed = std::get_if<T>(value)) return *typed;
  throw Error("attribute '" + std::string(name) + "' is of the wrong type");
}
template const std::int64_t& attr_as<std::int64_t>(const OpView&, std::string_view);
template const bool& attr_as<bool>(const OpView&, std::string_view);
template const std::string& attr_as<std::string>(const OpView&, std::string_view);
template const Dims& attr_as<Dims>(const OpView&, std::string_view);

Work nothing(const OpView&) { return {}; }
Work elementwise(const OpView& op) { return only(Kind::elementwise, numel(op.out())); }
Work bias(const OpView& op) { return only(Kind::bias, numel(op.out())); }
Work activation(const OpView& op) { return only(Kind::activation, numel(op.out())); }
Work pool(const OpView& op) { return only(Kind::pool, numel(op.out())); }
Work resize(const OpView& op) { return only(Kind::resize, numel(op.out())); }
Work softmax(const OpView& op) { return only(Kind::softmax, numel(op.in(0))); }
Work norm(const OpView& op) { return only(Kind::norm, numel(op.in(0))); }
Work reduction(const OpView& op) { return only(Kind::reduction, numel(op.in(0))); }

Work fourier(const OpView& op) {
  const Count in = numel(op.in(0)), out = numel(op.out());
  return only(Kind::elementwise, in < out ? out : in);
}

Work registered(const OpView& op) {
  const Count flops = attr_as<std::int64_t>(op, "flops");
  Work work = only(Kind::contraction, flops.value() / 2);
  work[Kind::elementwise] = flops.value() % 2;
  return work;
}

Work embedding_bag(const OpView& op) { return only(Kind::reduction, numel(op.in(1)) * size_from_end(op.in(0), 1)); }

std::vector<Dims> parts_of(const OpView& op, std::size_t input) {
  const Tensor& tensor = op.in(input);
  const auto count = static_cast<std::size_t>(tensor.shape.front());
  const std::string name = "parts" + std::to_string(input);
  if (tensor.stored < 0) return std::vector(count, Dims(tensor.shape.begin() + 1, tensor.shape.end()));
  if (!op.attr(name)) throw NotCounted("the sizes of the parts of a nested tensor are data");
  const auto& sizes = attr_as<std::vector<std::int64_t>>(op, name);
  const std::size_t rank = tensor.shape.size() - 1;
  if (sizes.size() != count * rank) throw Error("attribute '" + name + "' does not fit its tensor");
  std::vector<Dims> parts;
  for (auto at = sizes.begin(); at != sizes.end(); at += static_cast<std::ptrdiff_t>(rank)) {
    parts.emplace_back(at, at + static_cast<std::ptrdiff_t>(rank));
  }
  return parts;
}

bool reads_stored(WorkFn work) {
  constexpr WorkFn kThese[] = {nothing, elementwise, activation, softmax,         norm,     reduction, matmul, addmm,
                               linear,  inner,       baddbmm,    sampled_product, attention};
  return std::find(std::begin(kThese), std::end(kThese), work) != std::end(kThese);
}

}  // namespace work
}  // namespace thoplw
