// Sizes by the subscripts of an equation, as tools that price one by itself read them.
#include "cost/tools/subscripts.h"

#include <algorithm>

#include "cost/formulas.h"

namespace thoplw::tools {
namespace {

BySubscript sizes_of(const std::string& letters, const Dims& shape) {
  const std::size_t dots = letters.find("...");
  const std::size_t named = letters.size() - (dots == letters.npos ? 0 : 3);
  const std::size_t unnamed = shape.size() - std::min(shape.size(), named);
  BySubscript sizes;
  for (std::size_t d = 0, c = 0; d < shape.size() && c < letters.size(); ++d) {
    const bool inside = dots != letters.npos && d >= dots && d < dots + unnamed;
    if (dots != letters.npos && d == dots + unnamed) c += 3;
    const std::string key = inside ? "." + std::to_string(dots + unnamed - d) : std::string(1, letters.at(c++));
    sizes[key] = shape[d];
  }
  return sizes;
}

}  // namespace

Equation equation_of(const OpView& op) {
  Equation equation{.text = work::attr_as<std::string>(op, "equation"), .result = {}, .operands = {}};
  std::erase(equation.text, ' ');
  const std::size_t arrow = equation.text.find("->");
  const std::string operands = equation.text.substr(0, arrow);
  equation.result = arrow == equation.text.npos ? "..." : equation.text.substr(arrow + 2);
  for (const char c : operands) {
    const bool summed = c == '.' || c == ',' || std::ranges::count(operands, c) > 1;
    if (arrow == equation.text.npos && !summed) equation.result += c;
  }
  std::size_t at = 0;
  for (std::size_t i = 0; i < op.op.in.size(); ++i) {
    const std::size_t end = std::min(operands.find(',', at), operands.size());
    equation.operands.push_back(sizes_of(operands.substr(at, end - at), op.in(i).shape));
    at = std::min(end + 1, operands.size());
  }
  return equation;
}

}  // namespace thoplw::tools
