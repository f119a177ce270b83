// The table of optimizers.
#include "count/training/optimizer.h"

#include "base/formatted.h"
#include "base/suggest.h"

namespace thoplw {
namespace {

// What torch/optim/*.py does to memory, in order, for each parameter (for_loop), or for all of one element type
// (foreach). Names are those of its variables, which live until they get another value, also into the next round:
//   +x       x becomes a new tensor, and then what x was is gone
//   +x/rows  the same, of another size: of rows, columns, row_means (of a matrix), or one (element)
//   -x       x is gone
//   y=x      y becomes what x is
//   *        the first step makes the states here; without this, before all
// With ? only with weight decay, with ! only without, with # for matrices only, with . for what is no matrix.
constexpr std::string_view kDecay = "?-grad ?+grad";
constexpr std::string_view kAdamLoop = "?-grad ?+grad +root +denom -root";
constexpr std::string_view kAdamForeach = "?-grad ?+grad ?-grad +root";
constexpr std::string_view kSqrt = "?-grad ?+grad +root";

constexpr OptimizerRow kRows[] = {
    {.name = "sgd", .doc = "SGD(lr)", .ops = 2, .for_loop = kDecay, .foreach = kDecay, .fused = true},
    {.name = "momentum",
     .doc = "SGD(lr, momentum=0.9)",
     .tensors = 1,
     .ops = 4,
     .for_loop = "?+grad * ?-grad",
     .foreach = "?+grad * ?-grad",
     .fused = true},
    {.name = "nesterov",
     .doc = "SGD(lr, momentum=0.9, nesterov=True)",
     .tensors = 1,
     .ops = 6,
     .for_loop = "-grad ?+grad * +grad",
     .foreach = "?-grad ?+grad *",
     .fused = true},
    {.name = "adam",
     .doc = "Adam()",
     .tensors = 2,
     .scalars = 1,
     .ops = 13,
     .for_loop = kAdamLoop,
     .foreach = kAdamForeach,
     .fused = true},
    {.name = "adamw",
     .doc = "AdamW()",
     .tensors = 2,
     .scalars = 1,
     .ops = 14,
     .for_loop = "+root +denom -root",
     .foreach = "+root",
     .fused = true},
    {.name = "amsgrad",
     .doc = "AdamW(amsgrad=True)",
     .tensors = 3,
     .scalars = 1,
     .ops = 15,
     .for_loop = "+root +denom -root",
     .foreach = "+root",
     .fused = true},
    {.name = "rmsprop", .doc = "RMSprop()", .tensors = 1, .scalars = 1, .ops = 9, .for_loop = kSqrt, .foreach = kSqrt},
    {.name = "adagrad",
     .doc = "Adagrad()",
     .tensors = 1,
     .scalars = 1,
     .ops = 7,
     .for_loop = kSqrt,
     .foreach = "?+grad +std !+numerator ?numerator=grad",
     .fused = true},
    {.name = "nadam", .doc = "NAdam()", .tensors = 2, .scalars = 2, .ops = 16, .for_loop = kAdamLoop, .foreach = kSqrt},
    {.name = "adafactor",
     .doc = "Adafactor()",
     .scalars = 1,
     .factored = true,
     .foreach_on_cuda = false,
     .ops = 15,
     .for_loop = "+norm/one -norm #+row_mean/rows #+col_mean/columns #+estimate #+mean/row_means #-mean "
                 ".+grad_squared .+estimate update=estimate +norm/one -norm",
     .foreach = "+norm/one -norm #+row_means/rows #-row_means #+col_means/columns #-col_means #+estimates "
                "#+means/row_means #-means .+grads_squared .-grads_squared .+estimates updates=estimates "
                "+norm/one -norm"},
    {.name = "adadelta",
     .doc = "Adadelta()",
     .tensors = 2,
     .scalars = 1,
     .ops = 16,
     .for_loop = "?-grad ?+grad +std +delta",
     .foreach = "?-grad ?+grad +std +deltas"},
    {.name = "adamax",
     .doc = "Adamax()",
     .tensors = 2,
     .scalars = 1,
     .ops = 10,
     .for_loop = "?-grad ?+grad +abs -abs",
     .foreach = "-grad +grad"},
};

}  // namespace

std::span<const OptimizerRow> optimizers() { return kRows; }

const OptimizerRow& find_optimizer(std::string_view name) { return find_named(kRows, "optimizer", name); }

std::string_view name(Implementation implementation) {
  switch (implementation) {
    case Implementation::for_loop:
      return "for-loop";
    case Implementation::foreach:
      return "foreach";
    case Implementation::fused:
      return "fused";
    case Implementation::automatic:
      break;
  }
  return "auto";
}

Implementation implementation_of(const OptimizerRow& row, const OptimizerStep& step) {
  if (step.implementation == Implementation::fused && !row.fused) {
    throw Error(formatted("optimizer {}: torch has no fused implementation of it; use foreach or for-loop", row.name));
  }
  if (step.implementation != Implementation::automatic) return step.implementation;
  return step.processor == Processor::cuda && row.foreach_on_cuda ? Implementation::foreach : Implementation::for_loop;
}

}  // namespace thoplw
