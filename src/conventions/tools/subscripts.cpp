// Sizes by the subscripts of an equation, as tools that price one by itself read them.
#include "conventions/tools/subscripts.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "base/formatted.h"
#include "conventions/tools/tools.h"
#include "operators/work/reading.h"

namespace thoplw::tools {
namespace {

// ---- numpy's search for the best order

using Subscripts = std::set<Subscript>;

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
  explicit Search(const Einsum& einsum) : sizes_(einsum.sizes()) {
    for (const BySubscript& operand : einsum.operands) {
      Part& part = operands_.emplace_back(Part{1U << (operands_.size() % kMost), {}});
      for (const auto& [subscript, size] : operand) part.subscripts.insert(subscript);
      all_ = either(all_, part.subscripts);
    }
    for (const auto& [subscript, size] : sizes_) {
      if (einsum.equation.keeps(subscript)) result_.insert(subscript);
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
    for (const Subscript subscript : subscripts) product *= sizes_.at(subscript);
    return product;
  }

  /// The parts in those places become one, which comes last.
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

Einsum::Einsum(const OpView& op) : equation(parse_equation(work::attr_as<std::string>(op, "equation"))) {
  for (std::size_t i = 0; i < std::min(op.op.in.size(), equation.operands.size()); ++i) {
    const Dims& shape = op.in(i).shape;
    const std::vector<Subscript> subscripts = equation.subscripts_of(i, shape.size());
    BySubscript& sizes = operands.emplace_back();
    for (std::size_t dim = 0; dim < shape.size(); ++dim) sizes[subscripts[dim]] = shape[dim];
  }
}

BySubscript Einsum::sizes() const {
  BySubscript sizes;
  for (const BySubscript& operand : operands) {
    for (const auto& [subscript, size] : operand) sizes[subscript] = std::max(sizes[subscript], size);
  }
  return sizes;
}

Count numpy_estimate(const Einsum& einsum) {
  const Count operations = Search(einsum).cost() + 1;
  return whole(std::stod(formatted("{:.3e}", static_cast<double>(operations.value()))));
}

}  // namespace thoplw::tools
