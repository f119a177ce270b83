// One row per formula of products. A product of two operands has two more in backward: each gradient is the gradient
// that comes in times the other operand, and costs what the forward does.
#include "operators/backward/backward_products.h"

#include <algorithm>
#include <array>

#include "operators/backward/kept.h"
#include "operators/work/einsum_steps.h"
#include "operators/work/formulas.h"

namespace thoplw {
namespace {

using Products = std::vector<BackwardProduct>;
using ProductsFn = Products (*)(const GradOp& op, Count forward);

template <std::size_t left, std::size_t right>
Products pair(const GradOp&, Count forward) {
  return {{{left}, forward}, {{right}, forward}};
}

/// Offsets and masks say where the samples of the input are, so their gradient needs the same product as the input's.
Products deformed(const GradOp&, Count forward) { return {{{0, 2, 3}, forward}, {{1}, forward}}; }

/// As torch computes it: each gradient is a product of the other two operands and the gradient that comes in.
Products trilinear(const GradOp&, Count forward) { return {{{0}, forward}, {{1}, forward}, {{2}, forward}}; }

// Scores S = q k', result O = softmax(S) v: the gradients of q and k are those of S times the other one; those of v and
// of the softmax are products of the gradient that comes in. A fused kernel keeps no S, and computes it again.
Products attention(const GradOp& op, Count forward) {
  const Count embed = work::size_from_end(op.in(1), 1), of_values = work::size_from_end(op.in(2), 1);
  const Count scores = op.in(0).stored >= 0 ? Count(forward.value() / (embed + of_values).value())
                                            : work::leading(op.out()) * work::size_from_end(op.in(1), 2);
  const Count first = scores * embed, second = scores * of_values;
  if (attention_kernel(op) != AttentionKernel::math) return {{{0, 1, 2}, first * 3 + second * 2}};
  return {{{0}, first}, {{1}, first}, {{0, 1}, second}, {{2}, second}};
}

Products einsum(const GradOp& op, Count) {
  Products products;
  for (work::EinsumStep& step : work::einsum_steps(op, true)) {
    if (!step.sums) continue;
    products.push_back({std::move(step.left), step.product});
    products.push_back({std::move(step.right), step.product});
  }
  return products;
}

/// (input, states..., weights of each layer and direction...). Weights of two sizes come in pairs: of the input and of
/// the hidden state, which at the first step is given and mostly needs no gradient; a projection may follow.
Products rnn(const GradOp& op, Count) {
  const Count positions = work::leading(op.in(0));
  std::vector<std::size_t> weights, states;
  for (std::size_t i = 1; i < op.op.in.size(); ++i) {
    if (!op.has_in(i) || is_integral(op.in(i).dtype)) continue;
    if (op.in(i).shape.size() == 2) weights.push_back(i);
    if (op.in(i).shape.size() == 3) states.push_back(i);
  }
  const Count batch = states.empty() ? Count(1) : Count(op.in(states.front()).shape[1]);
  const Count hidden = states.empty() ? Count(0) : Count(op.in(states.front()).shape[2]);
  const bool projected = states.size() > 1 && op.in(states[0]).shape[2] != op.in(states[1]).shape[2];
  const std::size_t of_one = projected ? 3 : 2;
  const std::size_t directions = op.out().shape.back() > static_cast<std::int64_t>(hidden.value()) ? 2 : 1;
  std::vector<std::size_t> below = {0};  // what the input of a layer depends on
  std::vector<std::size_t> of_layer;
  Products products;
  for (std::size_t i = 0; i + of_one <= weights.size(); i += of_one) {
    const Count ih = numel(op.in(weights[i])), hh = numel(op.in(weights[i + 1]));
    std::vector<std::size_t> state = below;
    for (std::size_t k = 0; k < of_one; ++k) state.push_back(weights[i + k]);
    products.push_back({{weights[i]}, ih * positions});
    products.push_back({below, ih * positions});
    products.push_back({{weights[i + 1]}, hh * positions});
    products.push_back({state, hh * (positions - std::min(batch, positions))});
    if (!states.empty()) products.push_back({{states.front()}, hh * std::min(batch, positions)});
    if (projected) {
      const Count projection = numel(op.in(weights[i + 2])) * positions;
      products.push_back({{weights[i + 2]}, projection});
      products.push_back({state, projection});
    }
    of_layer.insert(of_layer.end(), weights.begin() + static_cast<std::ptrdiff_t>(i),
                    weights.begin() + static_cast<std::ptrdiff_t>(i + of_one));
    if ((i / of_one + 1) % directions == 0) below.insert(below.end(), of_layer.begin(), of_layer.end());
  }
  return products;
}

/// (input, hidden, ..., w_ih, w_hh, ...): each weight is multiplied with one of the first two.
template <std::size_t first_weight>
Products cell(const GradOp& op, Count) {
  const Count batch = work::leading(op.in(0));
  const Count ih = numel(op.in(first_weight)) * batch, hh = numel(op.in(first_weight + 1)) * batch;
  return {{{0}, ih}, {{first_weight}, ih}, {{1}, hh}, {{first_weight + 1}, hh}};
}

/// The matrices are multiplied with coordinates, which are constants.
Products first_alone(const GradOp&, Count forward) { return {{{0}, forward}}; }

// Of a solution X of A X = B, the gradient of B solves the adjoint system, and that of A is a product of it and X. So
// the first is computed for either.
Products solution(const GradOp& op, std::size_t matrix, std::size_t right, Count solving) {
  return {{{matrix, right}, solving}, {{matrix}, numel(op.out()) * work::size_from_end(op.in(matrix), 1)}};
}

template <std::size_t matrix, std::size_t right>
Products triangular_solution(const GradOp& op, Count forward) {
  return solution(op, matrix, right, forward);
}

/// Its factors are there from the forward.
Products solution_by_factors(const GradOp& op, Count) {
  const Count n = work::size_from_end(op.in(0), 1);
  return solution(op, 0, 1, numel(op.out()) * (n - std::min(n, Count(1))));
}

/// Of square matrices: n by n elements, each a sum of n or, by triangles, of n - 1 products.
struct Square {
  Count product, solution;

  explicit Square(const Tensor& tensor) {
    const Count n = work::size_from_end(tensor, 1);
    product = numel(tensor) * n;
    solution = numel(tensor) * (n - std::min(n, Count(1)));
  }
};

Products inverse(const GradOp& op, Count) { return {{{0}, Square(op.in(0)).product * 2}}; }

/// A solution for a diagonal matrix, by the factors of the forward.
Products determinant(const GradOp& op, Count) { return {{{0}, Square(op.in(0)).solution}}; }

/// A product with the factor, and a solution by it from each side.
Products cholesky(const GradOp& op, Count) {
  const Square square(op.in(0));
  return {{{0}, square.product + square.solution}};
}

struct Row {
  const Formula& formula;
  ProductsFn products;
};

constexpr auto kRows = std::to_array<Row>({
    {work::addbmm, pair<1, 2>},
    {work::addmm, pair<1, 2>},
    {work::affine_grid, first_alone},
    {work::attention, attention},
    {work::baddbmm, pair<1, 2>},
    {work::bilinear, trilinear},
    {work::cholesky, cholesky},
    {work::conv_tbc, pair<0, 1>},
    {work::conv_transpose, pair<0, 1>},
    {work::convolution, pair<0, 1>},
    {work::deform_conv, deformed},
    {work::determinant, determinant},
    {work::distances, pair<0, 1>},
    {work::either_convolution, pair<0, 1>},
    {work::einsum, einsum},
    {work::grouped_mm, pair<0, 1>},
    {work::inner, pair<0, 1>},
    {work::inverse, inverse},
    {work::linear, pair<0, 1>},
    {work::lstm_cell, cell<3>},
    {work::matmul, pair<0, 1>},
    {work::packed_linear, pair<0, 1>},
    {work::rnn, rnn},
    {work::rnn_cell, cell<2>},
    {work::sampled_product, pair<1, 2>},
    {work::solve, solution_by_factors},
    {work::solve_triangular, triangular_solution<0, 1>},
    {work::tensordot, pair<0, 1>},
    {work::triangular_solve, triangular_solution<1, 0>},
    {work::trilinear, trilinear},
});

}  // namespace

std::optional<Products> backward_products(const GradOp& op, const Formula& formula, Count forward_products) {
  if (forward_products == 0) return Products{};
  const auto* row = std::ranges::find_if(kRows, [&](const Row& r) { return r.formula == formula; });
  if (row == kRows.end()) return std::nullopt;
  return row->products(op, forward_products);
}

}  // namespace thoplw
