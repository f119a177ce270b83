// einsum, as torch takes it apart: operands with all subscripts as dimensions, multiplied in pairs as batched matrices.
#include <algorithm>
#include <array>
#include <deque>
#include <limits>

#include "operators/backward/lowerings.h"
#include "operators/equation.h"

namespace thoplw::lower {
namespace {

/// The order of the dimensions: those of the result, then what is summed, an ellipsis first.
std::vector<Subscript> dimensions(const Equation& equation, const std::vector<std::vector<Subscript>>& operands) {
  std::vector<Subscript> all;
  for (const auto& subscripts : operands) all.insert(all.end(), subscripts.begin(), subscripts.end());
  const auto place = [&](Subscript subscript) {
    const bool letter = subscript < kFirstOfEllipsis;
    // The dimensions of an ellipsis are counted from its end.
    const std::size_t within = letter ? 0 : std::numeric_limits<std::size_t>::max() - subscript;
    if (equation.keeps(subscript)) {
      return std::array{std::size_t{0}, equation.result.find(letter ? static_cast<char>(subscript) : kEllipsis),
                        within};
    }
    return std::array{std::size_t{1}, letter ? subscript : 0, within};
  };
  std::ranges::sort(all, {}, place);
  const auto rest = std::ranges::unique(all);
  all.erase(rest.begin(), rest.end());
  return all;
}

/// The operand with each of the dimensions, of size 1 where it has none; a diagonal where it has one twice.
Operand aligned(const Operand& x, const std::vector<Subscript>& subscripts, const std::vector<Subscript>& all) {
  Operand result = x;
  result.layout.sizes.assign(all.size(), 1);
  result.layout.strides.assign(all.size(), 0);
  for (std::size_t i = 0; i < subscripts.size(); ++i) {
    const auto at = static_cast<std::size_t>(std::ranges::find(all, subscripts[i]) - all.begin());
    result.layout.sizes[at] = x.layout.sizes[i];
    result.layout.strides[at] += x.layout.strides[i];
  }
  return result;
}

using Chosen = std::vector<std::size_t>;

Operand permuted(const Operand& x, std::initializer_list<const Chosen*> groups) {
  Operand result = x;
  result.layout.sizes.clear();
  result.layout.strides.clear();
  for (const Chosen* group : groups) {
    for (const std::size_t dim : *group) {
      result.layout.sizes.push_back(x.layout.sizes[dim]);
      result.layout.strides.push_back(x.layout.strides[dim]);
    }
  }
  return result;
}

std::int64_t size_of(const Operand& x, const Chosen& dims) {
  std::int64_t size = 1;
  for (const std::size_t dim : dims) size *= x.layout.sizes[dim];
  return size;
}

/// A pair multiplied element by element, where there is nothing to sum.
Operand multiplied(Keeping& k, const Operand& a, const Operand& b) {
  k.operand(a, b.needs);
  k.operand(b, a.needs);
  Operand result{.layout = {a.layout.dtype, a.layout.sizes, {}}, .needs = a.needs || b.needs};
  shape::broadcast_to(result.layout.sizes, b.layout.sizes);
  result.layout.strides = shape::contiguous_strides(result.layout.sizes);
  return result;
}

/// A pair as matrices, batched over what both and the result have.
Operand contracted(Keeping& k, const Operand& a, const Operand& b, const Chosen& summed) {
  Chosen both, left, right;
  for (std::size_t dim = 0; dim < a.layout.sizes.size(); ++dim) {
    if (std::ranges::find(summed, dim) != summed.end()) continue;
    const bool of_a = a.layout.sizes[dim] != 1, of_b = b.layout.sizes[dim] != 1;
    (of_a && of_b ? both : of_a ? left : right).push_back(dim);
  }
  k.reshaped(permuted(a, {&both, &left, &summed, &right}), {size_of(a, both), size_of(a, left), size_of(a, summed)},
             b.needs);
  k.reshaped(permuted(b, {&both, &summed, &right, &left}), {size_of(b, both), size_of(b, summed), size_of(b, right)},
             a.needs);
  Operand result{.layout = {a.layout.dtype, Dims(a.layout.sizes.size(), 1), Dims(a.layout.sizes.size(), 1)},
                 .needs = a.needs || b.needs};
  std::int64_t stride = 1;
  for (const Chosen* group : {&right, &left, &both}) {
    for (std::size_t i = group->size(); i-- > 0;) {
      const std::size_t dim = (*group)[i];
      result.layout.sizes[dim] = std::max(a.layout.sizes[dim], b.layout.sizes[dim]);
      result.layout.strides[dim] = stride;
      stride *= result.layout.sizes[dim];
    }
  }
  return result;
}

/// What is left to multiply, and how many of them have each dimension.
struct Operands {
  std::deque<Operand> left;
  std::vector<int> holders;
  std::size_t of_result;  ///< the first dimensions are not summed

  void put(Operand operand) {
    for (std::size_t dim = 0; dim < holders.size(); ++dim) holders[dim] += operand.layout.sizes[dim] != 1 ? 1 : 0;
    left.push_back(std::move(operand));
  }

  Operand take(std::size_t at) {
    Operand taken = std::move(left.at(at));
    left.erase(left.begin() + static_cast<std::ptrdiff_t>(at));
    return taken;
  }

  /// Dimensions that only `x` of the pair has, and nothing else, are summed before.
  void sum_alone(Keeping& k, Operand& x, const Operand& other) {
    Operand summed = x;
    for (std::size_t dim = of_result; dim < holders.size(); ++dim) {
      if (x.layout.sizes[dim] == 1 || other.layout.sizes[dim] != 1 || holders[dim] != 1) continue;
      holders[dim] = 0;
      summed.layout.sizes[dim] = 1;
    }
    if (summed.layout.sizes == x.layout.sizes) return;
    k.operand(x, false);
    summed.input = Operand::kOwn;
    summed.layout.strides = shape::preserved_strides(summed.layout);
    x = std::move(summed);
  }

  Operand multiply(Keeping& k, Operand a, Operand b) {
    Chosen summed;
    for (std::size_t dim = of_result; dim < holders.size(); ++dim) {
      if (a.layout.sizes[dim] == 1 || b.layout.sizes[dim] == 1) continue;
      if (--holders[dim] > 1) continue;
      holders[dim] = 0;
      summed.push_back(dim);
    }
    sum_alone(k, a, b);
    sum_alone(k, b, a);
    return summed.empty() ? multiplied(k, a, b) : contracted(k, a, b, summed);
  }
};

}  // namespace

// From left to right, or in the order of `path`: pairs of positions among what is left, each result put last.
void einsum(Keeping& k) {
  const Equation equation = parse_equation(word(k.op, "equation"));
  const std::size_t count = k.op.op.in.size();
  if (equation.operands.size() != count) return k.incomplete();
  std::vector<std::vector<Subscript>> subscripts;
  for (std::size_t i = 0; i < count; ++i) subscripts.push_back(equation.subscripts_of(i, k.op.in(i).shape.size()));
  const std::vector<Subscript> all = dimensions(equation, subscripts);
  Operands operands{.left = {}, .holders = std::vector<int>(all.size()), .of_result = 0};
  for (const Subscript subscript : all) operands.of_result += equation.keeps(subscript) ? 1 : 0;
  for (std::size_t i = 0; i < count; ++i) operands.put(aligned(k.operand_of(i), subscripts[i], all));
  const Dims path = numbers(k.op, "path");
  for (std::size_t at = 0; operands.left.size() > 1; at += 2) {
    const bool given = at + 1 < path.size();
    const auto first = static_cast<std::size_t>(given ? std::min(path[at], path[at + 1]) : 0);
    const auto second = static_cast<std::size_t>(given ? std::max(path[at], path[at + 1]) : 1);
    const Operand b = operands.take(second), a = operands.take(first);
    Operand product = operands.multiply(k, a, b);
    if (given) {
      operands.left.push_back(std::move(product));
    } else {
      operands.left.push_front(std::move(product));
    }
  }
}

}  // namespace thoplw::lower
