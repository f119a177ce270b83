// einsum of two tensors: a batched matrix product, and then a permutation to the order that was asked for.
#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "operators/equation.h"
#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

bool has(std::string_view letters, char letter) { return letters.find(letter) != letters.npos; }

/// One dimension per letter: no ellipsis, no diagonal.
bool is_plain(std::string_view letters) {
  return !has(letters, kEllipsis) &&
         std::ranges::all_of(letters, [&](char letter) { return letters.find(letter) == letters.rfind(letter); });
}

/// The size that x has under this letter, or -1.
std::int64_t size_of(const Strided& x, std::string_view letters, char letter) {
  const std::size_t dim = letters.find(letter);
  return dim == letters.npos ? -1 : x.sizes[dim];
}

/// Is there something to sum, and is every letter that is summed in both operands?
bool sums_both(std::string_view left, std::string_view right, std::string_view out) {
  const auto is_kept = [&](char letter) { return has(out, letter); };
  return !std::ranges::all_of(left, is_kept) &&
         std::ranges::all_of(left, [&](char letter) { return is_kept(letter) || has(right, letter); }) &&
         std::ranges::all_of(right, [&](char letter) { return is_kept(letter) || has(left, letter); });
}

/// Nothing where it cannot be read: then torch says what is wrong with it.
std::optional<Equation> read_equation(std::string_view text) {
  try {
    return parse_equation(text);
  } catch (const Error&) {
    return std::nullopt;
  }
}

/// Which tensors have a dimension of the result: both, only the left one, or only the right one or none.
enum class Side : std::uint8_t { both, left, right };

/// Strides of the result before it is permuted: dimensions of both tensors, of the left, of the right, each group in
/// the order of the result.
Dims product_strides(const Dims& sizes, std::span<const Side> sides) {
  Dims strides(sizes.size(), 1);
  std::int64_t stride = 1;
  for (const Side side : {Side::right, Side::left, Side::both}) {
    for (std::size_t i = sizes.size(); i-- > 0;) {
      if (sides[i] != side) continue;
      strides[i] = stride;
      stride *= std::max<std::int64_t>(sizes[i], 1);
    }
  }
  return strides;
}

}  // namespace

// (equation, tensors, path)
bool einsum(Args args, Results& results) {
  if (args.size() != 3 || args[0].kind != Arg::Kind::text || args[1].tensors.size() != 2 || !absent(args, 2))
    return false;
  const Strided* x = args[1].tensors[0];
  const Strided* y = args[1].tensors[1];
  const std::optional<Equation> equation = read_equation(args[0].text);
  if (!equation || equation->operands.size() != 2) return false;
  const std::string_view left = equation->operands[0], right = equation->operands[1], out = equation->result;
  if (!is_plain(left) || !is_plain(right) || !is_plain(out) || !sums_both(left, right, out)) return false;
  if (!x || !y || x->dtype != y->dtype || !is_real_float(x->dtype)) return false;
  if (left.size() != x->sizes.size() || right.size() != y->sizes.size()) return false;
  Dims sizes;
  std::vector<Side> sides;
  for (const char letter : out) {
    const std::int64_t of_x = size_of(*x, left, letter), of_y = size_of(*y, right, letter);
    if ((of_x < 0 && of_y < 0) || of_x == 1 || of_y == 1)
      return false;  // torch has its own rule for the strides of size 1
    if (of_x >= 0 && of_y >= 0 && of_x != of_y) return false;
    sides.push_back(of_y < 0 ? Side::left : of_x < 0 ? Side::right : Side::both);
    sizes.push_back(std::max(of_x, of_y));
  }
  for (const char letter : left) {
    const std::int64_t of_y = size_of(*y, right, letter);
    if (!has(out, letter) && (of_y != size_of(*x, left, letter) || of_y < 2)) return false;
  }
  Dims strides = product_strides(sizes, sides);
  return fresh(results, x->dtype, std::move(sizes), std::move(strides));
}

}  // namespace thoplw::shape
