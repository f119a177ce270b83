// Lagrange's interpolation, one variable after another.
#include "base/polynomial.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <utility>

namespace thoplw {

Polynomial::Polynomial(std::vector<Term> terms) : terms_(std::move(terms)) {
  const auto degree = [](const Term& term) { return std::accumulate(term.powers.begin(), term.powers.end(), 0U); };
  std::ranges::sort(terms_, [&](const Term& a, const Term& b) {
    return degree(a) != degree(b) ? degree(a) < degree(b) : a.powers > b.powers;
  });
}

Rational Polynomial::at(std::span<const std::int64_t> point) const {
  Rational sum = 0;
  for (const Term& term : terms_) {
    Rational product = term.coefficient;
    for (std::size_t i = 0; i < term.powers.size(); ++i) {
      for (unsigned k = 0; k < term.powers[i]; ++k) product *= Rational(point[i]);
    }
    sum += product;
  }
  return sum;
}

bool Polynomial::nowhere_greater(const Polynomial& other) const {
  const auto no_more = [](const std::vector<Term>& a, const std::vector<Term>& b, auto less) {
    return std::ranges::all_of(a, [&](const Term& term) {
      const auto same = std::ranges::find(b, term.powers, &Term::powers);
      return less(term.coefficient, same == b.end() ? Rational(0) : same->coefficient);
    });
  };
  return no_more(terms_, other.terms_, std::less_equal<>()) && no_more(other.terms_, terms_, std::greater_equal<>());
}

Polynomial operator-(const Polynomial& a, const Polynomial& b) {
  std::vector<Polynomial::Term> terms = a.terms();
  for (const Polynomial::Term& term : b.terms()) {
    const auto same = std::ranges::find(terms, term.powers, &Polynomial::Term::powers);
    if (same == terms.end()) {
      terms.push_back({-term.coefficient, term.powers});
    } else {
      same->coefficient -= term.coefficient;
    }
  }
  std::erase_if(terms, [](const Polynomial::Term& term) { return term.coefficient == 0; });
  return Polynomial(std::move(terms));
}

Grid::Grid(std::vector<std::vector<std::int64_t>> nodes) : nodes_(std::move(nodes)) {
  for (const auto& of_variable : nodes_) basis_.push_back(coefficients_of_basis(of_variable));
}

std::vector<std::vector<std::int64_t>> Grid::points() const {
  std::vector<std::vector<std::int64_t>> points{{}};
  for (const auto& nodes : nodes_) {
    std::vector<std::vector<std::int64_t>> longer;
    for (const auto& point : points) {
      for (const std::int64_t node : nodes) {
        longer.push_back(point);
        longer.back().push_back(node);
      }
    }
    points = std::move(longer);
  }
  return points;
}

/// By node and power: of the product of (x - other) / (node - other) over all other nodes.
Grid::Matrix Grid::coefficients_of_basis(const std::vector<std::int64_t>& nodes) {
  Matrix basis;
  for (const std::int64_t node : nodes) {
    std::vector<Rational> product{1};
    for (const std::int64_t other : nodes) {
      if (other == node) continue;
      const Rational scale = Rational(1) / Rational(node - other);
      std::vector<Rational> next(product.size() + 1);
      for (std::size_t power = 0; power < product.size(); ++power) {
        next[power + 1] += product[power] * scale;
        next[power] -= product[power] * scale * other;
      }
      product = std::move(next);
    }
    basis.push_back(std::move(product));
  }
  return basis;
}

Polynomial Grid::through(std::span<const std::uint64_t> values) const {
  std::vector<Rational> table(values.begin(), values.end());
  std::size_t stride = table.size();
  for (std::size_t variable = 0; variable < nodes_.size(); ++variable) {
    const std::size_t count = nodes_[variable].size();
    stride /= count;
    std::vector<Rational> next(table.size());
    for (std::size_t at = 0; at < table.size(); ++at) {
      if (table[at] == 0) continue;
      const std::size_t node = at / stride % count, start = at - node * stride;
      for (std::size_t power = 0; power < count; ++power) {
        next[start + power * stride] += table[at] * basis_[variable][node][power];
      }
    }
    table = std::move(next);
  }
  std::vector<Polynomial::Term> terms;
  for (std::size_t at = 0; at < table.size(); ++at) {
    if (table[at] == 0) continue;
    std::vector<unsigned> powers(nodes_.size());
    std::size_t rest = at;
    for (std::size_t variable = nodes_.size(); variable-- > 0; rest /= nodes_[variable].size()) {
      powers[variable] = static_cast<unsigned>(rest % nodes_[variable].size());
    }
    terms.push_back({std::move(table[at]), std::move(powers)});
  }
  return Polynomial(std::move(terms));
}

}  // namespace thoplw
