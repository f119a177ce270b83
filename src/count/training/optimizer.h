// What an optimizer holds and what its step makes: a row per optimizer of torch.optim.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "operators/backward/grad_op.h"

namespace thoplw {

/// How torch does a step: parameter by parameter, or each operation on all of them, or all operations in one kernel.
enum class Implementation : std::uint8_t { automatic, for_loop, foreach, fused };

/// "for-loop"
std::string_view name(Implementation implementation);

struct OptimizerRow {
  std::string_view name;
  std::string_view doc;                ///< the call in torch.optim
  int tensors = 0;                     ///< states of the size and element type of the parameter
  int scalars = 0;                     ///< states of one number in fp32, such as the number of steps
  bool factored = false;               ///< of matrices it holds sums by row and by column in place of a tensor
  bool foreach_on_cuda = true;         ///< torch's default there; on a CPU it is the for-loop
  int ops = 0;                         ///< arithmetic operations by element of a parameter
  std::string_view for_loop, foreach;  ///< memory that a step makes: see optimizer.cpp
  bool fused = false;                  ///< is there a fused kernel? It makes nothing
};

std::span<const OptimizerRow> optimizers();
/// Throws Error with the known names.
const OptimizerRow& find_optimizer(std::string_view name);

struct OptimizerStep {
  Implementation implementation = Implementation::automatic;
  Processor processor = Processor::cpu;
  bool weight_decay = false;  ///< is it switched on, other than by default? It may need a copy of the gradient
};

/// The one that torch chooses there, or the one that is asked for. Throws Error if the optimizer does not have it.
Implementation implementation_of(const OptimizerRow& row, const OptimizerStep& step);

/// Bytes of what the optimizer holds for a parameter from its first step on. On CUDA, numbers are in the memory of the
/// host, except those of a fused step.
Count state_bytes(const OptimizerRow& row, const Tensor& param, const OptimizerStep& step = {});

/// Bytes at the peak of step(), beyond parameters, gradients and all states.
struct StepPeak {
  Count first;  ///< of the first step, some of whose states are still to be made at its peak
  Count later;

  bool operator==(const StepPeak&) const = default;
};

/// `params` are those with gradients, in the order in which the optimizer has them.
StepPeak step_peak(const OptimizerRow& row, const OptimizerStep& step, std::span<const Tensor> params);

}  // namespace thoplw
