// Formulas of derivatives.yaml that are written with several operators; those of one kernel make nothing.
#include "operators/backward/formula.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "operators/backward/keeping.h"

namespace thoplw {
namespace {

struct FormulaRow {
  std::string_view op;
  std::uint64_t tensors;  ///< as large as the first input, that are alive beside its gradient
};

constexpr auto kFormulas = std::to_array<FormulaRow>({
    {"aten::abs", 1},                      // grad * self.sgn()
    {"aten::atan", 2},                     // grad / (self * self + 1)
    {"aten::cos", 2},                      // grad * -self.sin()
    {"aten::cumsum", 2},                   // grad.flip(dim).cumsum(dim).flip(dim)
    {"aten::erf", 4},                      // 2 / sqrt(pi) * exp(-(self.pow(2))) * grad
    {"aten::expm1", 1},                    // grad * (result + 1)
    {"aten::linalg_solve_triangular", 1},  // tril(-(grad_B @ result.mH))
    {"aten::linalg_vector_norm", 1},       // grad * (self / norm)
    {"aten::log10", 1},                    // grad / (self * 2.3025850929940456)
    {"aten::log1p", 1},                    // grad / (self + 1)
    {"aten::log2", 1},                     // grad / (self * 0.6931471805599453)
    {"aten::logsumexp", 2},                // grad * (self - result).exp()
    {"aten::norm", 1},                     // as linalg_vector_norm
    {"aten::reciprocal", 2},               // -grad * (result * result)
    {"aten::rsqrt", 2},                    // -0.5 * grad * result.pow(3)
    {"aten::sin", 1},                      // grad * self.cos()
    {"aten::sqrt", 1},                     // grad / (2 * result)
    {"aten::square", 2},                   // as pow
    {"aten::std", 1},                      // as var
    {"aten::var", 1},                      // 2 / (N - 1) * grad * (self - self.mean())
});

/// Their gradients have the sizes of the result first; those of an input that was broadcast are then summed up.
constexpr auto kBroadcast = std::to_array<std::string_view>({"aten::atan2", "aten::div", "aten::fmax", "aten::fmin",
                                                             "aten::maximum", "aten::minimum", "aten::mul", "aten::pow",
                                                             "aten::sub", "aten::true_divide", "aten::where"});

Count beyond(Count all, Count some) { return all > some ? all - some : Count(0); }

/// One input after another is summed up: the sums of later ones are not there yet when the first is made.
Count of_broadcast(const GradOp& op, std::string_view name) {
  Count wide, later;
  bool first = true;
  for (std::size_t i = 0; i < op.op.in.size(); ++i) {
    if (!op.need(i) || op.in(i).shape == op.out().shape || (name == "aten::sub" && i == 0)) continue;
    wide += bytes_of(op.out());
    if (!first) later += bytes_of(op.in(i));
    first = false;
  }
  return wide - later;
}

/// (-grad) * ((self / other) / other), beside the gradient of self.
Count of_division(const GradOp& op) {
  if (op.op.in.size() < 2 || !op.need(1)) return 0;
  return Count(op.need(0) ? 2 : 3) * bytes_of(op.out()) + beyond(bytes_of(op.out()), bytes_of(op.in(1)));
}

/// First the gradients of values and probabilities are made, from the one that comes in, which is gone then; then that
/// of what softmax was given, which is the mask's too; those of queries and keys last.
Count of_math_attention(const GradOp& op) {
  if (!op.has_in(1) || !op.has_in(2) || attention_kernel(op) != AttentionKernel::math) return 0;
  const Tensor &query = op.in(0), &key = op.in(1);
  if (query.shape.empty() || key.shape.size() < 2) return 0;
  const auto head = static_cast<std::uint64_t>(std::max<std::int64_t>(query.shape.back(), 1));
  const Count keys = static_cast<std::uint64_t>(std::max<std::int64_t>(key.shape[key.shape.size() - 2], 0));
  const Count scores = Count(bytes_of(query).value() / head) * keys;
  Count later;
  for (const std::size_t i : {0, 1}) {
    if (op.need(i)) later += bytes_of(op.in(i));
  }
  const Count mask = op.has_in(3) && op.need(3) ? bytes_of(op.in(3)) : Count(0);
  const Count at_first = beyond(scores, later + mask);
  if (number(op, "dropout_p", 0) > 0) return at_first;
  return std::max(at_first, beyond(scores * 2, later + mask + bytes_of(op.out())));
}

/// By operator and sizes alone: it makes as many bytes beyond all gradients.
Count makes(const GradOp& op, std::string_view name) {
  if (name == "aten::scaled_dot_product_attention") return of_math_attention(op);
  if (name == "aten::pow" && op.op.in.size() == 1) return bytes_of(op.in(0)) * 2;  // grad * (n * self.pow(n - 1))
  const auto row = std::ranges::find(kFormulas, name, &FormulaRow::op);
  if (row != kFormulas.end()) return op.need(0) ? bytes_of(op.in(0)) * row->tensors : Count(0);
  if (std::ranges::find(kBroadcast, name) == kBroadcast.end()) return 0;
  if (name == "aten::maximum" ||
      name == "aten::minimum") {  // where(self == other, grad / 2, grad), and where it is less
    return std::max(bytes_of(op.out()) + bytes_of(DType::boolean, numel(op.out()) * 2), of_broadcast(op, name));
  }
  const Count division = name == "aten::div" || name == "aten::true_divide" ? of_division(op) : Count(0);
  return std::max(division, of_broadcast(op, name));
}

}  // namespace

FormulaBytes formula_bytes(const GradOp& op) {
  std::string_view name = op.trace.op_name(op.op);
  if (name.ends_with('_') && !name.ends_with("__")) name.remove_suffix(1);
  if (op.op.in.empty() || !op.has_in(0) || op.op.out.empty() || op.op.out.front() == kNone) return {};
  if (name == "aten::gru") return formula_bytes_of_gru(op);
  if (name == "aten::rnn_tanh" || name == "aten::rnn_relu") return formula_bytes_of_rnn(op);
  return {.makes = makes(op, name)};
}

}  // namespace thoplw
