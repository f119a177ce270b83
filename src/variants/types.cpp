// Changes types of values.
#include "variants/types.h"

namespace thoplw {
namespace {

DType wider(DType a, DType b) {
  if (a == b) return a;
  return bits(a) == bits(b) ? DType::f32 : bits(a) > bits(b) ? a : b;  // of bf16 and fp16 neither holds the other
}

}  // namespace

bool is_castable(DType type) { return type == DType::f32 || type == DType::bf16 || type == DType::f16; }

Retyper::Retyper(Trace& trace) : trace_(trace), first_(trace.memory.places.size()) {
  std::vector<bool> seen(trace.memory.storages.size());
  for (std::size_t i = 0; i < first_.size(); ++i) {
    const Id storage = trace.memory.places[i].storage;
    if (storage == kNone || at(seen, storage)) continue;
    first_[i] = at(seen, storage) = true;
  }
}

void Retyper::set(Id value, DType type) {
  DType& was = at(trace_.values, value).dtype;
  if (trace_.memory.known() && at(first_, value)) {
    Count& bytes = at(trace_.memory.storages, at(trace_.memory.places, value).storage).bytes;
    bytes = (bytes * bits(type)).value() / static_cast<std::uint64_t>(bits(was));
  }
  was = type;
}

std::optional<DType> promoted(std::span<const Tensor* const> inputs) {
  std::optional<DType> of_tensors, of_numbers;
  for (const Tensor* input : inputs) {
    if (!is_floating(input->dtype)) continue;
    std::optional<DType>& type = input->shape.empty() ? of_numbers : of_tensors;
    type = type ? wider(*type, input->dtype) : input->dtype;
  }
  return of_tensors ? of_tensors : of_numbers;
}

}  // namespace thoplw
