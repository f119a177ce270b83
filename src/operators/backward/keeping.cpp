// Gathers what an operator keeps, each piece of memory once.
#include "operators/backward/keeping.h"

#include <algorithm>

namespace thoplw {

Count bytes_of(DType dtype, Count elements) { return (elements * bits(dtype) + 7).value() / 8; }

Count bytes_of(const Tensor& tensor) { return bytes_of(tensor.dtype, numel(tensor)); }

Count Operand::bytes() const { return bytes_of(layout.dtype, numel(layout.sizes)); }

void Keeping::add(const KeptTensor& tensor) {
  const bool own = tensor.of == KeptTensor::Of::fresh;
  if (own || std::ranges::find(result_.tensors, tensor) == result_.tensors.end()) result_.tensors.push_back(tensor);
}

void Keeping::input(std::size_t i) {
  if (!op.need_any() || !op.has_in(i)) return;
  if (i == 0 && clones_self_) return fresh(bytes_of(op.in(0)));
  add({.of = KeptTensor::Of::input, .index = i});
}

void Keeping::output(std::size_t i) {
  if (!op.need_any() || i >= op.op.out.size() || op.op.out[i] == kNone) return;
  add({.of = KeptTensor::Of::output, .index = i});
}

void Keeping::fresh(Count bytes, bool kept) {
  if (bytes == 0) return;
  if (kept && op.need_any()) {
    add({.bytes = bytes});
  } else {
    result_.temporary += bytes;
  }
}

void Keeping::at_once(Count bytes) { at_once_ = std::max(at_once_, bytes); }

Kept Keeping::take() {
  if (at_once_ == 0) return std::move(result_);
  Count stays;
  for (std::size_t i = 0; i < op.op.out.size(); ++i) stays += bytes_of(op.out(i));
  for (const KeptTensor& tensor : result_.tensors) stays += tensor.bytes;
  result_.temporary = at_once_ > stays ? at_once_ - stays : 0;
  return std::move(result_);
}

void Keeping::operand(const Operand& operand, bool kept) {
  if (operand.input == Operand::kElsewhere) return;
  if (operand.input == Operand::kOwn) {
    fresh(operand.bytes(), kept);
  } else if (kept) {
    input(operand.input);
  }
}

void Keeping::reshaped(const Operand& of, const Dims& sizes, bool kept) {
  const bool copies = !shape::view_strides(of.layout, sizes);
  operand(of, kept && !copies);
  if (copies) fresh(bytes_of(of.layout.dtype, numel(sizes)), kept);
}

Operand Keeping::operand_of(std::size_t i) const {
  const Tensor& tensor = op.in(i);
  const Dims& strides = op.strides(i);
  return {.layout = {tensor.dtype, tensor.shape, strides.empty() ? shape::contiguous_strides(tensor.shape) : strides},
          .input = i,
          .needs = op.need(i)};
}

void require_rank(const Operand& operand, std::size_t rank) {
  if (operand.layout.sizes.size() < rank) throw Error("a tensor has too few dimensions");
}

double number(const OpView& op, std::string_view name, double otherwise) {
  const AttrValue* value = op.attr(name);
  if (!value) return otherwise;
  if (const auto* whole = std::get_if<std::int64_t>(value)) return static_cast<double>(*whole);
  const auto* real = std::get_if<double>(value);
  return real ? *real : otherwise;
}

bool flag(const OpView& op, std::string_view name, bool otherwise) {
  const AttrValue* value = op.attr(name);
  const bool* set = value ? std::get_if<bool>(value) : nullptr;
  return set ? *set : otherwise;
}

std::string_view word(const OpView& op, std::string_view name) {
  const AttrValue* value = op.attr(name);
  const auto* text = value ? std::get_if<std::string>(value) : nullptr;
  return text ? *text : std::string_view();
}

Dims numbers(const OpView& op, std::string_view name) {
  const AttrValue* value = op.attr(name);
  if (!value) return {};
  if (const auto* one = std::get_if<std::int64_t>(value)) return {*one};
  const auto* list = std::get_if<Dims>(value);
  return list ? *list : Dims();
}

}  // namespace thoplw
