// Formulas of recurrent operators: every gate of every step and direction is a linear layer.
#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

/// A matrix is multiplied with one vector per step and sequence; a vector is added to each result.
void add_parameter(Work& work, const Tensor& param, Count steps) {
  if (param.shape.size() == 2) work[Kind::contraction] += numel(param) * steps;
  if (param.shape.size() == 1) work[Kind::bias] += numel(param) * steps;
}

Work cell(const OpView& op, std::size_t first_param) {
  Work work;
  for (std::size_t i = first_param; i < op.op.in.size(); ++i) {
    if (op.has_in(i)) add_parameter(work, op.in(i), leading(op.in(0)));
  }
  return work;
}

}  // namespace

// Input [T, N, in] or packed [steps, in]. States have three dimensions, and batch sizes are integers: neither is taken
// for a parameter. Each layer and direction has parameters of its own.
constexpr Formula rnn{
    .counts = {{Kind::contraction, "each gate of each step and direction as a linear layer"},
               {Kind::bias, "their output elements, for each of the two biases"}},
    .work =
        [](const OpView& op) {
          Work work;
          for (std::size_t i = 1; i < op.op.in.size(); ++i) {
            if (op.has_in(i) && !is_integral(op.in(i).dtype)) add_parameter(work, op.in(i), leading(op.in(0)));
          }
          return work;
        },
};

constexpr Formula rnn_weights{
    .counts = {{Kind::contraction, "each gate of each step and direction as a linear layer"}},
    .work =
        [](const OpView& op) {
          Work work = rnn(op);
          work[Kind::bias] = 0;
          return work;
        },
};

// Without biases torch passes zeros in the shape of the weights; no matrix is multiplied with them.
constexpr Formula rnn_layer{
    .counts = {{Kind::contraction, "each gate of each step as a linear layer"},
               {Kind::bias, "their output elements, for each of the two biases"}},
    .work =
        [](const OpView& op) {
          const Count steps = leading(op.in(0));
          Work work;
          work[Kind::contraction] = (numel(op.in(1)) + numel(op.in(2))) * steps;
          if (op.in(3).shape.size() == 1) work[Kind::bias] = (numel(op.in(3)) + numel(op.in(4))) * steps;
          return work;
        },
};

constexpr Formula rnn_cell{
    .counts = {{Kind::contraction, "each gate as a linear layer of the input and one of the state"},
               {Kind::bias, "their output elements"}},
    .work = [](const OpView& op) { return cell(op, 2); },
};
constexpr Formula lstm_cell{
    .counts = {{Kind::contraction, "four gates, each as a linear layer of the input and one of the state"},
               {Kind::bias, "their output elements"}},
    .work = [](const OpView& op) { return cell(op, 3); },
};

// Biases are packed with the weights and passed again, so they are not counted.
constexpr Formula packed_cell{
    .counts = {{Kind::contraction, "each gate as a linear layer of the input and one of the state"}},
    .work =
        [](const OpView& op) {
          Work work = cell(op, 2);
          work[Kind::bias] = 0;
          return work;
        },
};

constexpr Formula packed_lstm_cell{
    .counts = {{Kind::contraction, "four gates, each as a linear layer of the input and one of the state"}},
    .work =
        [](const OpView& op) {
          Work work = cell(op, 3);
          work[Kind::bias] = 0;
          return work;
        },
};

constexpr Formula fused_cell{
    .counts = {{Kind::elementwise, "elements of the gates"}},
    .work =
        [](const OpView& op) {
          Work work;
          work[Kind::elementwise] = numel(op.in(0));
          return work;
        },
};

}  // namespace thoplw::work
