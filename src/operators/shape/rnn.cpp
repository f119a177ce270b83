// Recurrent networks: a result per step, and the state after the last of them.
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

/// Where the schema has what follows the states: 2 in the overloads for padded sequences. Packed ones are not answered.
constexpr std::size_t kParams = 2, kLayers = 4, kBidirectional = 7, kBatchFirst = 8;

/// (input, states, parameters, with biases, layers, dropout, training, bidirectional, batch first)
bool recurrent(Args args, std::span<const Strided* const> states, Results& results) {
  const Strided* x = tensor_at(args, 0);
  if (!x || x->dim() != 3 || !is_real_float(x->dtype) || elements(x->sizes) == 0 || states.empty()) return false;
  if (args.size() <= kBatchFirst || args[kParams].kind != Arg::Kind::tensors || args[kParams].tensors.empty())
    return false;
  if (!is_integer(args, kLayers) || !is_boolean(args, kBidirectional) || !is_boolean(args, kBatchFirst)) return false;
  const Strided* weight = args[kParams].tensors.front();
  if (!weight || weight->dim() != 2 || weight->sizes[1] != x->sizes[2]) return false;
  const std::int64_t directions = is_true(args, kBidirectional) ? 2 : 1;
  const bool batch_first = is_true(args, kBatchFirst);
  const std::int64_t steps = x->sizes[batch_first ? 1 : 0], batch = x->sizes[batch_first ? 0 : 1];
  for (const Strided* state : states) {
    if (!state || state->dim() != 3 || state->dtype != x->dtype) return false;
    if (state->sizes[0] != directions * args[kLayers].integer || state->sizes[1] != batch) return false;
  }
  const std::int64_t out = directions * states.front()->sizes[2];
  Dims strides = {batch * out, out, 1};  // of steps, batch, features: that is how it is worked out
  Dims sizes = {steps, batch, out};
  if (batch_first) {
    std::swap(sizes[0], sizes[1]);
    std::swap(strides[0], strides[1]);
  }
  fresh(results, x->dtype, std::move(sizes), std::move(strides));
  for (const Strided* state : states) fresh(results, x->dtype, state->sizes);
  return true;
}

}  // namespace

bool rnn(Args args, Results& results) {
  const Strided* state = tensor_at(args, 1);
  return recurrent(args, {&state, 1}, results);
}

bool lstm(Args args, Results& results) {
  if (args.size() < 2 || args[1].kind != Arg::Kind::tensors || args[1].tensors.size() != 2) return false;
  return recurrent(args, args[1].tensors, results);
}

namespace {

/// One step: (input, states, matrices and biases) -> states.
bool cell(Args args, std::span<const Strided* const> states, std::int64_t gates, Results& results) {
  const Strided *x = tensor_at(args, 0), *input_weight = tensor_at(args, 2), *weight = tensor_at(args, 3);
  if (!x || x->dim() != 2 || !is_real_float(x->dtype) || elements(x->sizes) == 0 || !input_weight || !weight)
    return false;
  for (const Strided* state : states) {
    if (!state || state->dim() != 2 || state->dtype != x->dtype || !is_canonical(*state)) return false;
    const std::int64_t hidden = state->sizes[1];
    if (state->sizes[0] != x->sizes[0] || hidden != states[0]->sizes[1]) return false;
    if (input_weight->sizes != Dims{gates * hidden, x->sizes[1]} || weight->sizes != Dims{gates * hidden, hidden})
      return false;
  }
  for (const Strided* state : states) fresh(results, x->dtype, state->sizes);
  return !states.empty();
}

bool cell_of_one_state(Args args, std::int64_t gates, Results& results) {
  const Strided* state = tensor_at(args, 1);
  return cell(args, {&state, 1}, gates, results);
}

}  // namespace

bool rnn_cell(Args args, Results& results) { return cell_of_one_state(args, 1, results); }
bool gru_cell(Args args, Results& results) { return cell_of_one_state(args, 3, results); }

bool lstm_cell(Args args, Results& results) {
  if (args.size() < 2 || args[1].kind != Arg::Kind::tensors || args[1].tensors.size() != 2) return false;
  return cell(args, args[1].tensors, 4, results);
}

}  // namespace thoplw::shape
