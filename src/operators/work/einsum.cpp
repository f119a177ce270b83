// Formula of einsum: operands are contracted pair by pair, as torch does.
#include <algorithm>
#include <array>
#include <cctype>
#include <deque>
#include <string>
#include <vector>

#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

constexpr std::size_t kLetters = 128;  ///< subscripts are ASCII letters; dimensions of an ellipsis come after them

/// An operand by subscript: its size there, and 1 where it has no such subscript.
using Sizes = std::vector<std::int64_t>;

[[noreturn]] void misfit(const std::string& equation, const std::string& what) {
  throw Error("equation '" + equation + "': " + what);
}

struct Equation {
  std::vector<std::string> operands;  ///< subscripts, an ellipsis written as one '.'
  std::string result;
};

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }

/// Checks one operand's subscripts and shortens the ellipsis.
std::string subscripts(const std::string& equation, std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_letter(text[i])) {
      out += text[i];
    } else if (text.substr(i).starts_with("...") && out.find('.') == std::string::npos) {
      out += '.';
      i += 2;
    } else {
      misfit(equation, "letters, one ellipsis, ',' and '->' are understood");
    }
  }
  return out;
}

/// Without '->' the result has the ellipsis and every letter that stands there once, in the order of the alphabet.
std::string implied_result(const std::string& operands) {
  std::string result;
  std::array<int, kLetters> times{};
  for (char c : operands) {
    if (is_letter(c)) ++times[static_cast<std::size_t>(c)];
  }
  for (std::size_t c = 0; c < kLetters; ++c) {
    if (times[c] == 1) result += static_cast<char>(c);
  }
  return '.' + result;
}

Equation parse(const std::string& equation) {
  std::string text = equation;
  std::erase(text, ' ');
  const std::size_t arrow = text.find("->");
  const std::string left = text.substr(0, arrow);
  Equation parsed;
  for (std::size_t begin = 0; begin <= left.size();) {
    const std::size_t end = std::min(left.find(',', begin), left.size());
    parsed.operands.push_back(subscripts(equation, std::string_view(left).substr(begin, end - begin)));
    begin = end + 1;
  }
  parsed.result = arrow == std::string::npos ? implied_result(left)
                                             : subscripts(equation, std::string_view(text).substr(arrow + 2));
  return parsed;
}

Sizes sizes_by_subscript(const std::string& equation, const std::string& subscripts, const Dims& shape,
                         std::size_t labels) {
  const bool ellipsis = subscripts.find('.') != std::string::npos;
  const std::size_t letters = subscripts.size() - (ellipsis ? 1 : 0);
  if (letters > shape.size() || (!ellipsis && letters != shape.size())) {
    misfit(equation, "'" + subscripts + "' does not fit a tensor of " + std::to_string(shape.size()) + " dimensions");
  }
  Sizes sizes(labels, 1);
  std::size_t dim = 0;
  for (char c : subscripts) {
    if (c != '.') {
      sizes[static_cast<std::size_t>(c)] = shape[dim++];
      continue;
    }
    // Dimensions of ellipses are matched from the right.
    for (std::size_t left = shape.size() - letters; left > 0; --left) sizes[labels - left] = shape[dim++];
  }
  return sizes;
}

/// Contracts `a` with `b` into `a`. A subscript that nothing else needs is summed: over the products of both if both
/// have it, else before they meet. With nothing to sum over the product is element by element.
void contract(const std::string& equation, Sizes& a, Sizes b, const std::vector<bool>& needed, Work& work) {
  Count product = 1;
  bool sums = false;
  for (std::size_t label = 0; label < a.size(); ++label) {
    if (a[label] != b[label] && a[label] != 1 && b[label] != 1) misfit(equation, "sizes of one subscript differ");
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
  work[sums ? Kind::contraction : Kind::elementwise] += product;
}

/// What is left to contract, and how many of them have each subscript.
struct Operands {
  std::deque<Sizes> left;
  std::vector<std::size_t> holders;

  void put(Sizes sizes, std::size_t place) {
    for (std::size_t label = 0; label < sizes.size(); ++label) holders[label] += sizes[label] != 1 ? 1 : 0;
    left.insert(left.begin() + static_cast<std::ptrdiff_t>(place), std::move(sizes));
  }
  Sizes take(std::int64_t index) {
    if (index < 0 || index >= static_cast<std::int64_t>(left.size())) throw Error("path names an operand that is gone");
    Sizes taken = std::move(left[static_cast<std::size_t>(index)]);
    left.erase(left.begin() + index);
    for (std::size_t label = 0; label < taken.size(); ++label) holders[label] -= taken[label] != 1 ? 1 : 0;
    return taken;
  }
  /// Which subscripts are in the result, or in an operand that is still to come.
  std::vector<bool> needed(std::vector<bool> in_result) const {
    for (std::size_t label = 0; label < holders.size(); ++label)
      in_result[label] = in_result[label] || holders[label] > 0;
    return in_result;
  }
};

std::vector<bool> result_subscripts(const std::string& result, std::size_t labels) {
  std::vector<bool> in_result(labels, false);
  for (char c : result) {
    if (c == '.') {
      std::fill(in_result.begin() + kLetters, in_result.end(), true);
    } else {
      in_result[static_cast<std::size_t>(c)] = true;
    }
  }
  return in_result;
}

}  // namespace

// From left to right, or in the order of `path`: pairs of positions among what is left, each result put last.
Work einsum(const OpView& op) {
  const auto& text = attr_as<std::string>(op, "equation");
  const Equation equation = parse(text);
  if (equation.operands.size() != op.op.in.size()) misfit(text, "the number of operands differs");
  std::size_t labels = kLetters;
  for (std::size_t i = 0; i < op.op.in.size(); ++i) labels = std::max(labels, kLetters + op.in(i).shape.size());

  Operands operands{.left = {}, .holders = std::vector<std::size_t>(labels, 0)};
  for (std::size_t i = 0; i < op.op.in.size(); ++i) {
    operands.put(sizes_by_subscript(text, equation.operands[i], op.in(i).shape, labels), i);
  }
  const std::vector<bool> in_result = result_subscripts(equation.result, labels);
  const Dims* path = op.attr("path") ? &attr_as<Dims>(op, "path") : nullptr;
  if (path && path->size() != 2 * (operands.left.size() - 1)) throw Error("path has the wrong length");

  Work work;
  for (std::size_t step = 0; operands.left.size() > 1; ++step) {
    const std::int64_t i = path ? std::min((*path)[2 * step], (*path)[2 * step + 1]) : 0;
    const std::int64_t j = path ? std::max((*path)[2 * step], (*path)[2 * step + 1]) : 1;
    Sizes b = operands.take(j);
    Sizes a = operands.take(i);
    contract(text, a, std::move(b), operands.needed(in_result), work);
    operands.put(std::move(a), path ? operands.left.size() : 0);
  }
  return work;
}

Dims einsum_sizes(const std::string& equation, std::span<const Dims> operands) {
  const Equation parsed = parse(equation);
  if (parsed.operands.size() != operands.size()) misfit(equation, "the number of operands differs");
  std::size_t widest = 0, ellipsis = 0;
  for (const Dims& shape : operands) widest = std::max(widest, shape.size());
  Sizes merged(kLetters + widest, 1);
  for (std::size_t i = 0; i < operands.size(); ++i) {
    const std::string& letters = parsed.operands[i];
    const Sizes sizes = sizes_by_subscript(equation, letters, operands[i], merged.size());
    for (std::size_t label = 0; label < merged.size(); ++label) {
      if (merged[label] == 1 || (merged[label] < 0 && sizes[label] > 1)) merged[label] = sizes[label];
    }
    if (letters.find('.') != std::string::npos) {
      ellipsis = std::max(ellipsis, operands[i].size() - (letters.size() - 1));
    }
  }
  Dims result;
  for (char c : parsed.result) {
    if (c == '.') {
      result.insert(result.end(), merged.end() - static_cast<std::ptrdiff_t>(ellipsis), merged.end());
    } else {
      result.push_back(merged[static_cast<std::size_t>(c)]);
    }
  }
  return result;
}

}  // namespace thoplw::work
