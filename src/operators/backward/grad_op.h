// An operator as autograd sees it: its tensors, where they lie, and which of them require a gradient.
#pragma once

#include <cstdint>
#include <span>

#include "operators/op_view.h"

namespace thoplw {

/// The processor that a model is trained on, where its kernels keep other tensors.
enum class Processor : std::uint8_t { cpu, cuda };

/// The kernel of scaled_dot_product_attention; `automatic` is the one that torch chooses on that processor.
enum class AttentionKernel : std::uint8_t { automatic, math, flash, efficient, cudnn };

struct ProcessorName {
  std::string_view name;  ///< "cuda"
  Processor processor;
};
std::span<const ProcessorName> processors();
/// Throws Error with "did you mean".
Processor find_processor(std::string_view name);

struct AttentionKernelName {
  std::string_view name;  ///< "flash"
  AttentionKernel kernel;
};
std::span<const AttentionKernelName> attention_kernels();
/// Throws Error with "did you mean".
AttentionKernel find_attention_kernel(std::string_view name);

struct Flavour {
  Processor processor = Processor::cpu;
  AttentionKernel attention = AttentionKernel::automatic;

  bool operator==(const Flavour&) const = default;
};

struct GradOp : OpView {
  /// By input, as in Op::in: 1 where it requires a gradient. An absent input does not.
  std::span<const std::uint8_t> needs;
  Flavour flavour = {};

  bool need(std::size_t i) const { return i < needs.size() && needs[i] != 0; }
  bool need_any() const {
    for (const std::uint8_t needed : needs) {
      if (needed) return true;
    }
    return false;
  }
  /// Strides of the i-th input, in elements; none where it lies in one piece, or where that was not observed.
  const Dims& strides(std::size_t i) const;
};

}  // namespace thoplw
