// Sizes by the subscripts of an equation, as tools that price one by itself read them.
#include "conventions/tools/subscripts.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/formatted.h"
#include "conventions/tools/tools.h"
#include "operators/work/formulas.h"

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

// ---- numpy's search for the best order

using Subscripts = std::set<std::string>;

Subscripts either(Subscripts a, const Subscripts& b) {
  a.insert(b.begin(), b.end());
  return a;
}

/// An operand, or what has come of several, by bits.
struct Part {
  unsigned of;
  Subscripts subscripts;
};

/// What is left to contract, and what it cost to come there.
struct Stage {
  Count cost;
  std::vector<Part> parts;
};

class Search {
 public:
  explicit Search(const Equation& equation) : sizes_(sizes_of(equation)) {
    for (const BySubscript& operand : equation.operands) {
      Part& part = operands_.emplace_back(Part{1U << (operands_.size() % kMost), {}});
      for (const auto& [subscript, size] : operand) part.subscripts.insert(subscript);
      all_ = either(all_, part.subscripts);
    }
    for (const auto& [subscript, size] : sizes_) {
      if (equation.keeps(subscript)) result_.insert(subscript);
    }
    limit_ = size(result_);
    for (const Part& part : operands_) limit_ = std::max(limit_, size(part.subscripts));
  }

  Count cost() const {
    const bool in_pairs = operands_.size() > 2 && operands_.size() <= kMost && all_ != result_;
    const Stage stage = in_pairs ? contracted_in_pairs() : Stage{0, operands_};
    return in_pairs && stage.parts.size() == 1 ? stage.cost : contracted(stage, all_places(stage)).cost;
  }

 private:
  static constexpr std::size_t kMost = 8;  ///< of more operands numpy finds no order in hours

  using Places = std::set<std::size_t>;

  static Places all_places(const Stage& stage) {
    Places places;
    for (std::size_t i = 0; i < stage.parts.size(); ++i) places.insert(i);
    return places;
  }

  Count size(const Subscripts& subscripts) const {
    Count product = 1;
    for (const std::string& subscript : subscripts) product *= sizes_.at(subscript);
    return product;
  }

  /// The parts in those places become one, which stands last.
  Stage contracted(const Stage& stage, const Places& places) const {
    Stage next{stage.cost, {}};
    Part made{0, {}};
    Subscripts all, wanted = result_;
    for (std::size_t i = 0; i < stage.parts.size(); ++i) {
      const Part& part = stage.parts[i];
      if (places.contains(i)) {
        made.of |= part.of;
        all = either(all, part.subscripts);
      } else {
        wanted = either(wanted, part.subscripts);
        next.parts.push_back(part);
      }
    }
    std::ranges::set_intersection(all, wanted, std::inserter(made.subscripts, made.subscripts.end()));
    const std::size_t products = std::max<std::size_t>(1, places.size() - 1);
    next.cost += size(all) * (products + (made.subscripts != all ? 1 : 0));
    next.parts.push_back(std::move(made));
    return next;
  }

  /// Adds a stage, or what it costs less than one of the same parts.
  static void keep_cheaper(Stage fresh, std::vector<Stage>& stages, std::map<std::set<unsigned>, std::size_t>& known) {
    std::set<unsigned> parts;
    for (const Part& part : fresh.parts) parts.insert(part.of);
    const auto [found, added] = known.try_emplace(std::move(parts), stages.size());
    if (added) {
      stages.push_back(std::move(fresh));
    } else if (fresh.cost < stages[found->second].cost) {
      stages[found->second] = std::move(fresh);
    }
  }

  /// By the best of all orders of pairs, without those that make something larger than what is there already.
  Stage contracted_in_pairs() const {
    std::vector<Stage> stages{{0, operands_}};
    while (stages.front().parts.size() > 1) {
      std::vector<Stage> next;
      std::map<std::set<unsigned>, std::size_t> known;
      for (const Stage& stage : stages) {
        for (std::size_t i = 0; i < stage.parts.size(); ++i) {
          for (std::size_t j = i + 1; j < stage.parts.size(); ++j) {
            Stage fresh = contracted(stage, {i, j});
            if (size(fresh.parts.back().subscripts) <= limit_) keep_cheaper(std::move(fresh), next, known);
          }
        }
      }
      if (next.empty()) break;
      stages = std::move(next);
    }
    return *std::ranges::min_element(stages, {}, &Stage::cost);
  }

  BySubscript sizes_;
  std::vector<Part> operands_;
  Subscripts all_, result_;
  Count limit_ = 0;  ///< the elements of the largest operand, or of the result
};

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

BySubscript sizes_of(const Equation& equation) {
  BySubscript sizes;
  for (const BySubscript& operand : equation.operands) {
    for (const auto& [subscript, size] : operand) sizes[subscript] = std::max(sizes[subscript], size);
  }
  return sizes;
}

Count numpy_estimate(const Equation& equation) {
  const Count operations = Search(equation).cost() + 1;
  return whole(std::stod(formatted("{:.3e}", static_cast<double>(operations.value()))));
}

}  // namespace thoplw::tools
