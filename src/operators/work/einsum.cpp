// Formula of einsum: operands are contracted pair by pair, as torch does.
#include <algorithm>
#include <deque>
#include <string>
#include <vector>

#include "operators/equation.h"
#include "operators/work/einsum_steps.h"
#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

/// The sizes of an operand by subscript, and 1 where it has no such subscript.
using Sizes = std::vector<std::int64_t>;

/// What is still to be contracted: its sizes, and which of the operator's inputs are in it.
struct Operand {
  Sizes sizes;
  std::vector<std::size_t> of;
};

Sizes sizes_by_subscript(const Equation& equation, std::size_t operand, const Dims& shape, std::size_t subscripts) {
  Sizes sizes(subscripts, 1);
  const std::vector<Subscript> of = equation.subscripts_of(operand, shape.size());
  for (std::size_t dim = 0; dim < shape.size(); ++dim) sizes[of[dim]] = shape[dim];
  return sizes;
}

/// Contracts `a` with `b` into `a`. A subscript that nothing else needs is summed: over the products of both if both
/// have it, else before they meet. With nothing to sum over the product is element by element.
EinsumStep contract(const Equation& equation, Operand& into, Operand other, const std::vector<bool>& needed) {
  Sizes& a = into.sizes;
  const Sizes& b = other.sizes;
  Count product = 1;
  bool sums = false;
  for (std::size_t label = 0; label < a.size(); ++label) {
    if (a[label] != b[label] && a[label] != 1 && b[label] != 1) equation.misfit("sizes of one subscript differ");
    const bool shared = a[label] != 1 && b[label] != 1;
    if (!needed[label] && !shared) {
      a[label] = 1;
      continue;
    }
    if (a[label] == 1) a[label] = b[label];
    product *= a[label];
    if (!needed[label]) {
      sums = true;
      a[label] = 1;
    }
  }
  EinsumStep step{.sums = sums, .product = product, .left = into.of, .right = std::move(other.of)};
  into.of.insert(into.of.end(), step.right.begin(), step.right.end());
  return step;
}

/// What is left to contract, and how many of them have each subscript.
struct Operands {
  std::deque<Operand> left;
  std::vector<std::size_t> holders;

  void put(Operand operand, std::size_t place) {
    const Sizes& sizes = operand.sizes;
    for (std::size_t label = 0; label < sizes.size(); ++label) holders[label] += sizes[label] != 1 ? 1 : 0;
    left.insert(left.begin() + static_cast<std::ptrdiff_t>(place), std::move(operand));
  }
  Operand take(std::int64_t index) {
    if (index < 0 || index >= static_cast<std::int64_t>(left.size()))
      throw Error("path names an operand that is used up");
    Operand taken = std::move(left[static_cast<std::size_t>(index)]);
    left.erase(left.begin() + index);
    const Sizes& sizes = taken.sizes;
    for (std::size_t label = 0; label < sizes.size(); ++label) holders[label] -= sizes[label] != 1 ? 1 : 0;
    return taken;
  }
  /// Which subscripts are in the result, or in an operand that is still to come.
  std::vector<bool> needed(std::vector<bool> in_result) const {
    for (std::size_t label = 0; label < holders.size(); ++label)
      in_result[label] = in_result[label] || holders[label] > 0;
    return in_result;
  }
};

}  // namespace

// From left to right, or in the order of `path`: pairs of positions among what is left, each result put last.
std::vector<EinsumStep> einsum_steps(const OpView& op, bool inputs) {
  const Equation equation = parse_equation(attr_as<std::string>(op, "equation"));
  if (equation.operands.size() != op.op.in.size()) equation.misfit("the number of operands differs");
  std::size_t subscripts = kFirstOfEllipsis;
  for (std::size_t i = 0; i < op.op.in.size(); ++i) {
    subscripts = std::max(subscripts, kFirstOfEllipsis + op.in(i).shape.size());
  }

  Operands operands{.left = {}, .holders = std::vector<std::size_t>(subscripts, 0)};
  for (std::size_t i = 0; i < op.op.in.size(); ++i) {
    operands.put({sizes_by_subscript(equation, i, op.in(i).shape, subscripts),
                  inputs ? std::vector{i} : std::vector<std::size_t>()},
                 i);
  }
  std::vector<bool> in_result(subscripts);
  for (Subscript i = 0; i < subscripts; ++i) in_result[i] = equation.keeps(i);
  const Dims* path = op.attr("path") ? &attr_as<Dims>(op, "path") : nullptr;
  if (path && path->size() != 2 * (operands.left.size() - 1)) throw Error("path has the wrong length");

  std::vector<EinsumStep> steps;
  for (std::size_t step = 0; operands.left.size() > 1; ++step) {
    const std::int64_t i = path ? std::min((*path)[2 * step], (*path)[2 * step + 1]) : 0;
    const std::int64_t j = path ? std::max((*path)[2 * step], (*path)[2 * step + 1]) : 1;
    Operand b = operands.take(j);
    Operand a = operands.take(i);
    steps.push_back(contract(equation, a, std::move(b), operands.needed(in_result)));
    operands.put(std::move(a), path ? operands.left.size() : 0);
  }
  return steps;
}

constexpr Formula einsum{
    .counts = {{Kind::contraction, "for each pair of operands, the product of all sizes that take part"},
               {Kind::elementwise, "the same, for a pair with nothing to sum over"}},
    .work =
        [](const OpView& op) {
          Work work;
          for (const EinsumStep& step : einsum_steps(op, false)) {
            work[step.sums ? Kind::contraction : Kind::elementwise] += step.product;
          }
          return work;
        },
};

Dims einsum_sizes(const std::string& text, std::span<const Dims> operands) {
  const Equation equation = parse_equation(text);
  if (equation.operands.size() != operands.size()) equation.misfit("the number of operands differs");
  Sizes merged(kFirstOfEllipsis, 1);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const std::vector<Subscript> subscripts = equation.subscripts_of(i, operands[i].size());
    for (std::size_t dim = 0; dim < subscripts.size(); ++dim) {
      const Subscript subscript = subscripts[dim];
      const std::int64_t size = operands[i][dim];
      if (subscript >= merged.size()) merged.resize(subscript + 1, 1);
      if (merged[subscript] == 1 || (merged[subscript] < 0 && size > 1)) merged[subscript] = size;
    }
  }
  Dims result;
  for (const char c : equation.result) {
    if (c == kEllipsis) {
      result.insert(result.end(), merged.rbegin(), merged.rend() - kFirstOfEllipsis);
    } else {
      result.push_back(merged[static_cast<std::size_t>(c)]);
    }
  }
  return result;
}

}  // namespace thoplw::work
