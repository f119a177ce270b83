// The table of precisions; models of another type.
#include "variants/precision.h"

#include "base/suggest.h"
#include "variants/types.h"

namespace thoplw {
namespace {

constexpr Precision kRows[] = {
    {.name = "as-is", .doc = "the types of the model", .as_is = true},
    {.name = "fp32", .doc = "weights and activations in fp32", .type = DType::f32},
    {.name = "bf16", .doc = "weights and activations in bf16", .type = DType::bf16},
    {.name = "fp16", .doc = "weights and activations in fp16", .type = DType::f16},
    {.name = "amp-bf16", .doc = "fp32 weights under torch.autocast to bf16", .type = DType::bf16, .autocast = true},
    {.name = "amp-fp16", .doc = "fp32 weights under torch.autocast to fp16", .type = DType::f16, .autocast = true},
    {.name = "bf16-masters",
     .doc = "bf16, and the optimizer works on copies of the weights in fp32",
     .type = DType::bf16,
     .masters = true},
};

}  // namespace

std::span<const Precision> precisions() { return kRows; }

const Precision& find_precision(std::string_view name) { return find_named(kRows, "precision", name); }

Trace in_precision(Trace trace, const Precision& precision, Processor processor) {
  if (precision.as_is) return trace;
  if (precision.autocast) return autocast(std::move(trace), precision.type, processor);
  Retyper types(trace);
  for (std::size_t i = 0; i < trace.values.size(); ++i) {
    if (is_castable(trace.values[i].dtype)) types.set(static_cast<Id>(i), precision.type);
  }
  return trace;
}

}  // namespace thoplw
