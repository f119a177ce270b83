// Reads where an operator's inputs lie.
#include "operators/backward/grad_op.h"

#include <array>

#include "base/suggest.h"

namespace thoplw {
namespace {

constexpr std::array kProcessors = {ProcessorName{"cpu", Processor::cpu}, ProcessorName{"cuda", Processor::cuda}};
constexpr auto kAttentionKernels = std::to_array<AttentionKernelName>({
    {"automatic", AttentionKernel::automatic},
    {"cudnn", AttentionKernel::cudnn},
    {"efficient", AttentionKernel::efficient},
    {"flash", AttentionKernel::flash},
    {"math", AttentionKernel::math},
});

}  // namespace

std::span<const ProcessorName> processors() { return kProcessors; }
Processor find_processor(std::string_view name) { return find_named(processors(), "processor", name).processor; }

std::span<const AttentionKernelName> attention_kernels() { return kAttentionKernels; }
AttentionKernel find_attention_kernel(std::string_view name) {
  return find_named(attention_kernels(), "attention kernel", name).kernel;
}

const Dims& GradOp::strides(std::size_t i) const {
  static const Dims kInOnePiece;
  const Id value = op.in[i];
  const bool known = value != kNone && static_cast<std::size_t>(value) < trace.memory.places.size();
  return known ? at(trace.memory.places, value).strides : kInOnePiece;
}

}  // namespace thoplw
