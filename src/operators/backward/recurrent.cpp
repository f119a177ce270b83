// Lowerings of recurrent layers and cells: on the CPU their steps are plain operators, on CUDA kernels of their own.
#include <algorithm>

#include "operators/backward/formula.h"
#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

/// A recurrent layer: input [time, batch, features], or the first two the other way round.
struct Layers {
  std::int64_t steps, batch, hidden, layers, directions;
  bool batch_first;
  double dropout;  ///< between layers
  DType dtype;

  Count state() const { return bytes_of(dtype, Count(batch) * hidden); }
  Count output() const { return state() * steps * directions; }
};

constexpr std::size_t kState = 1;

/// So many steps a trace may have; a file can claim any number.
constexpr std::int64_t kMostSteps = 1 << 20;

Layers layers_of(const GradOp& op) {
  const Dims& input = op.in(0).shape;
  const Dims& state = op.in(kState).shape;
  const bool batch_first = flag(op, "batch_first", false);
  return {.steps = input.at(batch_first ? 1 : 0),
          .batch = state.at(1),
          .hidden = state.at(2),
          .layers = std::max<std::int64_t>(1, static_cast<std::int64_t>(number(op, "num_layers", 1))),
          .directions = flag(op, "bidirectional", false) ? 2 : 1,
          .batch_first = batch_first,
          .dropout = flag(op, "train", false) ? number(op, "dropout", 0) : 0,
          .dtype = op.in(0).dtype};
}

/// The sequences are packed: how many run at each step is data.
bool is_packed(const GradOp& op) {
  return op.in(0).shape.size() != 3 || !op.has_in(kState) || op.in(kState).shape.size() != 3;
}

/// A linear layer inside, of an input that needs a gradient or not: its weight is the i-th input of the operator.
void keep_weight(Keeping& k, std::size_t weight, bool input_needs) {
  if (input_needs) k.input(weight);
}

/// The weights: of the input, of the state, and biases of both, for each layer and direction. They follow `states`.
void keep_weights(Keeping& k, const Layers& layers, std::size_t first) {
  const auto all_layers = static_cast<std::size_t>(layers.layers * layers.directions);
  if (k.op.op.in.size() < first + 2 * all_layers) throw Error("it has fewer weights than layers");
  const std::size_t count = k.op.op.in.size() - first, each = count / all_layers;
  for (std::size_t i = 0; i * each < count; ++i) {
    const bool first_layer = i < static_cast<std::size_t>(layers.directions);
    keep_weight(k, first + i * each, !first_layer || k.op.need(0));
    keep_weight(k, first + i * each + 1, layers.steps > 1 || k.op.need(kState));
  }
}

/// The input of the first layer, with time first.
Operand input_of(const Keeping& k, const Layers& layers) {
  Operand x = k.operand_of(0);
  if (layers.batch_first) {
    std::swap(x.layout.sizes[0], x.layout.sizes[1]);
    std::swap(x.layout.strides[0], x.layout.strides[1]);
  }
  return x;
}

Dims as_rows(const Operand& x) { return {x.layout.sizes[0] * x.layout.sizes[1], x.layout.sizes[2]}; }

/// The input of each layer but the first, which dropout may replace.
void keep_between(Keeping& k, const Layers& layers) {
  for (std::int64_t i = 1; i < layers.layers; ++i) {
    k.fresh(layers.output());
    if (layers.dropout > 0) k.fresh(layers.output());
  }
}

/// What the steps of a layer of plain operators make.
struct Steps {
  int gates;        ///< for each element of the state
  bool keeps_last;  ///< the result of the last step is kept, too
  int at_last;      ///< states that its last operator has at one time, its result among them
};

/// The input as rows, of which a linear layer makes a copy where strides ask for one.
Count copy_of(const Operand& x) { return shape::view_strides(x.layout, as_rows(x)) ? Count(0) : x.bytes(); }

/// What is freed again of a layer of plain operators. Before its steps the input's part of all gates is computed, while
/// that of the other direction is still there; after them their states are put together, of both directions after each
/// other, and last of all the states of all layers.
void free_steps(Keeping& k, const Layers& layers, Steps steps) {
  const Count all_steps = layers.state() * layers.steps;
  const Count last_states = layers.state() * layers.directions;
  const bool joined = layers.directions > 1;
  if (k.op.need_any()) {
    const Count freed = all_steps * (steps.gates + (joined ? 2 : 0));
    const Count later = steps.keeps_last ? last_states * layers.layers : 0;
    return k.fresh(freed > later ? freed - later : 0, false);
  }
  const Count gates = all_steps * steps.gates, sides = joined ? all_steps * 2 : Count(0);
  const Count copied = copy_of(input_of(k, layers));
  k.at_once(copied + gates * (joined ? 2 : 1) + sides);  // of the first layer's input, in its last direction
  const Count below = (layers.layers > 1 ? layers.output() : 0) + last_states * (layers.layers - 1);
  k.at_once(below + gates + sides + layers.state() * (layers.steps - 1 + steps.at_last));
  k.at_once(below + gates + (joined ? sides * 2 : all_steps) + layers.output());
  k.at_once(layers.output() + last_states * layers.layers * 2);
}

/// A layer of plain operators: `step` keeps what one step keeps besides the state that it starts from.
template <class Step>
void unrolled(Keeping& k, Steps steps, Step step) {
  if (is_packed(k.op)) return k.incomplete();
  const Layers layers = layers_of(k.op);
  if (layers.layers > kMostSteps || layers.steps > kMostSteps / layers.layers) throw Error("it has too many steps");
  free_steps(k, layers, steps);
  if (!k.op.need_any()) return;
  const Operand x = input_of(k, layers);
  for (std::int64_t i = 0; i < layers.directions; ++i) k.reshaped(x, as_rows(x), true);
  k.input(kState);
  keep_weights(k, layers, kState + 1);
  keep_between(k, layers);
  for (std::int64_t i = 0; i < layers.layers * layers.directions; ++i) {
    for (std::int64_t t = 0; t < layers.steps; ++t) step(layers, t + 1 == layers.steps);
  }
}

/// The backward of a layer of plain operators goes through its steps from the last to the first, and through layers and
/// directions likewise. A step frees the `kept` states that it has, and makes gradients of its gates, which stay until
/// its layer has none left: then all of them make the gradient of the weight of the input. That of the weight of the
/// state is there three times at the second step, as the first one is a view; later ones are added in place.
FormulaBytes formula_bytes_of_steps(const GradOp& op, Count kept, Count gates) {
  if (op.flavour.processor == Processor::cuda || is_packed(op)) return {};
  const Layers layers = layers_of(op);
  if (layers.steps < 1 || layers.layers > kMostSteps) return {};
  const std::size_t first = kState + 1, all_layers = static_cast<std::size_t>(layers.layers * layers.directions);
  if (op.op.in.size() < first + 2 * all_layers) return {};
  const std::size_t each = (op.op.in.size() - first) / all_layers;
  const auto gradient = [&](std::size_t i) { return op.need(i) ? bytes_of(op.in(i)) : Count(0); };
  const Count steps = static_cast<std::uint64_t>(layers.steps), state = layers.state();
  const Count all_kept = steps * kept * state, all_gates = steps * gates * state;
  const Count between = layers.output() * (layers.dropout > 0 ? 2 : 1);  // kept of what the layer below gave
  const Count everything = all_kept * all_layers + between * static_cast<std::uint64_t>(layers.layers - 1);
  Count alive = everything, most = 0, gradients = gradient(0);
  for (std::size_t layer = all_layers; layer-- > 0;) {
    Count own = layer == 0 ? gradient(0) : Count(0), of_state = 0;
    for (std::size_t i = 0; i < each; ++i) {
      own += gradient(first + layer * each + i);
      gradients += gradient(first + layer * each + i);
      if (i % 2 == 1) of_state += gradient(first + layer * each + i);
    }
    const Count at_second =
        layers.steps > 1 ? alive + of_state * 3 + gates * state * 2 - std::min(alive, kept * state * 2) : alive;
    most = std::max({most, at_second, alive - all_kept + all_gates * 2 + own});
    alive += own;
    alive -= all_kept;
    if (layer > 0 && layer % static_cast<std::size_t>(layers.directions) == 0) alive -= between;
  }
  const Count all = everything + gradients;
  return most > all ? FormulaBytes{.makes = most - all} : FormulaBytes{.lacks = all - most};
}

/// The two linear layers of a cell, whose weights are the inputs from `weight` on.
void keep_cell(Keeping& k, std::size_t weight) {
  for (const std::size_t i : {0, 1}) {
    if (k.op.need(weight + i)) k.input(i);
    keep_weight(k, weight + i, k.op.need(i));
  }
}

/// A kernel that runs everything keeps its input, output, states and weights, and a workspace of a size that only it
/// knows.
void whole(Keeping& k) {
  for (std::size_t i = 0; i < k.op.op.in.size(); ++i) k.input(i);
  k.output();
  k.incomplete();
}

/// Has an lstm biases, or only two weights for each layer and direction?
bool has_biases(const GradOp& op, const Layers& layers) {
  return static_cast<std::int64_t>(op.op.in.size()) - 3 > layers.layers * layers.directions * 2;
}

/// What is freed again of an lstm: a copy of its input, the result of the layer below, those of both directions before
/// they are joined, and the states of all layers, which are put together at the end.
void free_states(Keeping& k, const Layers& layers) {
  const Count copied = copy_of(input_of(k, layers));
  const Count of_layer = layers.state() * layers.directions * 2, states = of_layer * layers.layers;
  const Count output = layers.output();
  const bool joined = layers.directions > 1, below = layers.layers > 1, drops = below && layers.dropout > 0;
  k.at_once(copied + output * ((joined ? 2 : 1) + (below ? 1 : 0) + (drops && !joined ? 1 : 0)) + states);
  k.at_once(copied + output * (joined ? 2 : 1) + states * 2);
  // Both directions, joined, a factor for each element, and their product.
  if (drops && joined) k.at_once(copied + output * 4 + of_layer * (layers.layers - 1));
  if (has_biases(k.op, layers)) return;
  for (std::int64_t i = 0; i < layers.layers; ++i) {  // zeros stand in for the biases of each direction
    const auto weight = static_cast<std::size_t>(3 + 2 * layers.directions * i);
    const Count zeros = bytes_of(k.op.in(weight)) + bytes_of(k.op.in(weight + 1));
    const Count before = i == 0 ? Count(0) : joined ? output + layers.state() * layers.steps : output;
    k.at_once(copied + before + output + of_layer * (i + 1) + zeros);
  }
}

}  // namespace

// (input, hx, cx, parameters). On the CPU a kernel runs each layer in each direction; it keeps its states too, and a
// workspace of a size that only it knows.
void lstm(Keeping& k) {
  if (k.op.flavour.processor == Processor::cuda || is_packed(k.op)) return whole(k);
  const Layers layers = layers_of(k.op);
  if (layers.layers > kMostSteps) throw Error("it has too many layers");
  if (!k.op.need_any()) return free_states(k, layers);
  const Operand x = input_of(k, layers);
  k.reshaped(x, as_rows(x), true);
  for (std::size_t i = kState; i < k.op.op.in.size(); ++i) k.input(i);
  for (std::size_t i = kState + 2; !has_biases(k.op, layers) && i < k.op.op.in.size(); ++i) {
    k.fresh(bytes_of(k.op.in(i)));  // zeros of the sizes of the weight, in place of a bias
  }
  keep_between(k, layers);
  const bool joined = layers.directions > 1;
  for (std::int64_t i = 0; i < layers.layers; ++i) {
    for (std::int64_t direction = 0; direction < layers.directions; ++direction) {
      k.fresh(layers.state());
      k.fresh(layers.state());
      if (joined) k.fresh(layers.state() * layers.steps);
    }
    if (!joined && layers.dropout > 0 && i + 1 < layers.layers) k.fresh(layers.output());
  }
  if (!joined) k.output();
  k.incomplete();
}

// (input, hx, parameters). A step has the gates of the state, which become the reset and input gates in their place;
// what the two products of gates overwrite; and the new gate. Its result is kept by the next step.
void gru(Keeping& k) {
  if (k.op.flavour.processor == Processor::cuda) return whole(k);
  unrolled(k, {.gates = 3, .keeps_last = false, .at_last = 5}, [&](const Layers& layers, bool last) {
    k.fresh(layers.state() * 3);
    for (int i = 0; i < (last ? 3 : 4); ++i) k.fresh(layers.state());
  });
}

// (input, hx, parameters). Each step keeps its result, in which it starts the next.
void rnn(Keeping& k) {
  if (k.op.flavour.processor == Processor::cuda) return whole(k);
  unrolled(k, {.gates = 1, .keeps_last = true, .at_last = 2},
           [&](const Layers& layers, bool) { k.fresh(layers.state()); });
}

// (input, hx, cx, weights of input and state, biases). All gates lie in one piece of memory.
void lstm_cell(Keeping& k) {
  const Count state = bytes_of(k.op.in(2));
  keep_cell(k, 3);
  k.input(2);
  k.fresh(state * 4);
  k.fresh(state);  // tanh of the new cell
}

// (input, hx, weights of input and state, biases)
void gru_cell(Keeping& k) {
  const Count state = bytes_of(k.op.in(1));
  keep_cell(k, 2);
  k.fresh(state * 3);
  for (int i = 0; i < 3; ++i) k.fresh(state);
}

void rnn_cell(Keeping& k) {
  keep_cell(k, 2);
  k.output();
}

}  // namespace thoplw::lower

namespace thoplw {

FormulaBytes formula_bytes_of_gru(const GradOp& op) { return lower::formula_bytes_of_steps(op, 7, 3); }
FormulaBytes formula_bytes_of_rnn(const GradOp& op) { return lower::formula_bytes_of_steps(op, 1, 1); }

}  // namespace thoplw
