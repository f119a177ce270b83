// einsum of two tensors: a batched matrix product, whose dimensions are then put in the order that was asked for.
#include <algorithm>
#include <array>

#include "operators/shape/args.h"
#include "operators/shape/rules.h"

namespace thoplw::shape {
namespace {

constexpr std::size_t kMaxLabels = 32;

/// The labels of one operand, one per dimension.
struct Labels {
  std::array<char, kMaxLabels> of{};
  std::size_t count = 0;

  bool has(char label) const { return std::find(of.begin(), of.begin() + count, label) != of.begin() + count; }
};

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

/// Letters up to `end` or the end of the text; false on ellipses, repeated labels and anything else.
bool read_labels(std::string_view& text, std::string_view end, Labels& labels) {
  while (!text.empty() && (end.empty() || !text.starts_with(end))) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == ' ') continue;
    if (!is_letter(c) || labels.has(c) || labels.count == kMaxLabels) return false;
    labels.of[labels.count++] = c;
  }
  if (!text.starts_with(end)) return false;
  text.remove_prefix(end.size());
  return true;
}

/// The size that x has under this label, or -1.
std::int64_t size_of(const Strided& x, const Labels& labels, char label) {
  for (std::size_t i = 0; i < labels.count; ++i) {
    if (labels.of[i] == label) return x.sizes[i];
  }
  return -1;
}

/// Is there something to sum, and is every label that is summed in both operands?
bool sums_both(const Labels& left, const Labels& right, const Labels& out) {
  bool sums = false;
  for (const Labels* labels : {&left, &right}) {
    const Labels& other = labels == &left ? right : left;
    for (std::size_t i = 0; i < labels->count; ++i) {
      if (out.has(labels->of[i])) continue;
      if (!other.has(labels->of[i])) return false;
      sums = true;
    }
  }
  return sums;
}

}  // namespace

namespace {

/// Where the product has a dimension of the result: of both tensors, of the left alone, or of the right or none.
enum class Side : std::uint8_t { both, left, right };

/// Strides of a result that lies as the product has it: sides one after the other, each in the order of the result.
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
  std::string_view text = args[0].text;
  Labels left, right, out;
  if (!read_labels(text, ",", left) || !read_labels(text, "->", right) || !read_labels(text, "", out)) return false;
  if (!x || !y || x->dtype != y->dtype || !is_real_float(x->dtype)) return false;
  if (left.count != x->sizes.size() || right.count != y->sizes.size() || !sums_both(left, right, out)) return false;
  Dims sizes;
  std::array<Side, kMaxLabels> sides{};
  for (std::size_t i = 0; i < out.count; ++i) {
    const std::int64_t of_x = size_of(*x, left, out.of[i]), of_y = size_of(*y, right, out.of[i]);
    if ((of_x < 0 && of_y < 0) || of_x == 1 || of_y == 1) return false;  // where its stride goes is torch's own affair
    if (of_x >= 0 && of_y >= 0 && of_x != of_y) return false;
    sides[i] = of_y < 0 ? Side::left : of_x < 0 ? Side::right : Side::both;
    sizes.push_back(std::max(of_x, of_y));
  }
  for (std::size_t i = 0; i < left.count; ++i) {
    const std::int64_t other = size_of(*y, right, left.of[i]);
    if (!out.has(left.of[i]) && (other != x->sizes[i] || other < 2)) return false;
  }
  Dims strides = product_strides(sizes, sides);
  return fresh(results, x->dtype, std::move(sizes), std::move(strides));
}

}  // namespace thoplw::shape
