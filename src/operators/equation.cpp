// Reads the equation of an einsum.
#include "operators/equation.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "base/error.h"

namespace thoplw {
namespace {

bool is_letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool has_ellipsis(std::string_view subscripts) { return subscripts.find(kEllipsis) != subscripts.npos; }

/// Checks the subscripts of one operand, or of the result, and shortens the ellipsis.
std::string shortened(const Equation& equation, std::string_view text) {
  std::string subscripts;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (is_letter(text[i])) {
      subscripts += text[i];
    } else if (text.substr(i).starts_with("...") && !has_ellipsis(subscripts)) {
      subscripts += kEllipsis;
      i += 2;
    } else {
      equation.misfit("letters, one ellipsis, ',' and '->' are understood");
    }
  }
  return subscripts;
}

/// Without "->" the result has the ellipsis and every letter that is written once, in the order of the alphabet.
std::string implied_result(std::string_view operands) {
  std::array<std::size_t, kFirstOfEllipsis> times{};
  for (const char c : operands) {
    if (is_letter(c)) ++times[static_cast<Subscript>(c)];
  }
  std::string result(1, kEllipsis);
  for (Subscript letter = 0; letter < times.size(); ++letter) {
    if (times[letter] == 1) result += static_cast<char>(letter);
  }
  return result;
}

}  // namespace

Equation parse_equation(std::string_view text) {
  Equation equation{.text = std::string(text), .operands = {}, .result = {}};
  std::erase(equation.text, ' ');
  const std::string_view all = equation.text;
  const std::size_t arrow = all.find("->");
  const std::string_view left = all.substr(0, arrow);
  for (std::size_t begin = 0; begin <= left.size();) {
    const std::size_t end = std::min(left.find(',', begin), left.size());
    equation.operands.push_back(shortened(equation, left.substr(begin, end - begin)));
    begin = end + 1;
  }
  equation.result = arrow == all.npos ? implied_result(left) : shortened(equation, all.substr(arrow + 2));
  return equation;
}

std::vector<Subscript> Equation::subscripts_of(std::size_t operand, std::size_t dimensions) const {
  const std::string& written = operands[operand];
  const std::size_t letters = written.size() - (has_ellipsis(written) ? 1 : 0);
  if (letters > dimensions || (!has_ellipsis(written) && letters != dimensions)) {
    misfit("'" + written + "' does not fit a tensor of " + std::to_string(dimensions) + " dimensions");
  }
  std::vector<Subscript> subscripts;
  for (const char c : written) {
    if (c != kEllipsis) {
      subscripts.push_back(static_cast<Subscript>(c));
      continue;
    }
    for (std::size_t left = dimensions - letters; left > 0; --left) subscripts.push_back(kFirstOfEllipsis + left - 1);
  }
  return subscripts;
}

bool Equation::keeps(Subscript subscript) const {
  return result.find(subscript < kFirstOfEllipsis ? static_cast<char>(subscript) : kEllipsis) != result.npos;
}

void Equation::misfit(const std::string& what) const { throw Error("equation '" + text + "': " + what); }

}  // namespace thoplw
