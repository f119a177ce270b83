// Formulas of direct solvers and factorisations. Multiply-adds are the additions of LAPACK Working Note 41, appendix C,
// each with its multiplication; multiplications beyond these, divisions and roots are elementwise.
#include <algorithm>

#include "operators/work/formulas.h"

namespace thoplw::work {
namespace {

/// m x n, and how many of them.
struct Matrices {
  Count batch, m, n, p, q;  ///< p and q: the smaller and the larger size

  explicit Matrices(const Tensor& tensor)
      : batch(leading(tensor, 2)), m(size_from_end(tensor, 2)), n(size_from_end(tensor, 1)) {
    p = std::min(m, n);
    q = std::max(m, n);
  }
};

Count over(Count dividend, std::uint64_t divisor) { return dividend.value() / divisor; }
Count less_one(Count size) { return size == 0 ? size : size - 1; }

Work direct(Count multiply_adds, Count others) {
  Work work = only(Kind::contraction, multiply_adds);
  work[Kind::elementwise] = others;
  return work;
}

/// Step k of p divides the column below the diagonal, then updates (m - k)(n - k) elements.
Work lu(const Matrices& a) {
  const Count pairs = over(a.p * less_one(a.p), 2);
  const Count squares = over(a.p * less_one(a.p) * (a.p * 2 - (a.p == 0 ? 0 : 1)), 6);
  return direct(squares + (a.q - a.p) * pairs, pairs + (a.m - a.p) * a.p) * a.batch;
}

/// Solves with both triangles: n - 1 multiply-adds per element of the result, and a division for each diagonal that
/// does not consist of ones.
Work both_triangles(const Tensor& result, Count n, Count divisions) {
  return direct(numel(result) * less_one(n), numel(result) * divisions);
}

Work triangle(const OpView& op, const Tensor& matrix, bool of_ones) {
  const Count elements = numel(op.out());
  return direct(over(elements * less_one(size_from_end(matrix, 1)), 2), of_ones ? Count(0) : elements);
}

bool has_unit_diagonal(const OpView& op) {
  const AttrValue* unit = op.attr("unitriangular");
  return unit && attr_as<bool>(op, "unitriangular");
}

/// The p reflections that make an m x n matrix triangular (GEQRF).
Work reflections(const Matrices& a) {
  const Count square = over(a.p * (a.p * (a.p * 4 + 3) + 5), 6);
  const Count wide = a.m < a.n ? a.p * (a.q - a.p) : Count(0);
  return direct(a.p * a.p * (a.q - a.p) + square + wide, a.m * a.n + a.p * 3) * a.batch;
}

/// The first n columns of the product of k reflections of size m (ORGQR).
Work product_of_reflections(Count batch, Count m, Count n, Count k) {
  if (k == 0 || k > n || n > m) return {};
  const Count tall = m - k, wide = n - k;
  const Count multiply_adds =
      tall * wide * k * 2 + tall * k * (k - 1) + wide * k * (k + 1) + over(k * (k * k * 2 + 1), 3);
  const Count others = tall + n < 2 ? Count(0) : k * (tall + n - 2);
  return direct(multiply_adds, others) * batch;
}

}  // namespace

constexpr Formula solve_triangular{
    .counts = {{Kind::contraction, "k right-hand sides: k n (n - 1) / 2"}, {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return triangle(op, op.in(0), has_unit_diagonal(op)); },
};
constexpr Formula triangular_solve{
    .counts = {{Kind::contraction, "k right-hand sides: k n (n - 1) / 2"}, {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return triangle(op, op.in(1), has_unit_diagonal(op)); },
};

constexpr Formula lu_factor{
    .counts = {{Kind::contraction, "the sum of (m - i)(n - i) over all steps i, about n^3 / 3"},
               {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return lu(Matrices(op.in(0))); },
};
constexpr Formula lu_solve{
    .counts = {{Kind::contraction, "k right-hand sides: k n (n - 1)"}, {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return both_triangles(op.out(), size_from_end(op.in(0), 1), 1); },
};
constexpr Formula lu_solve_of{
    .counts = {{Kind::contraction, "k right-hand sides: k n (n - 1)"}, {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return both_triangles(op.out(), size_from_end(op.in(1), 1), 1); },
};

constexpr Formula solve{
    .counts = {{Kind::contraction, "LU factors, and k right-hand sides: k n (n - 1)"},
               {Kind::elementwise, "divisions"}},
    .work =
        [](const OpView& op) {
          Work work = lu_factor(op);
          work += lu_solve(op);
          return work;
        },
};

constexpr Formula determinant{
    .counts = {{Kind::contraction, "LU factors"}, {Kind::elementwise, "divisions, and the product of the diagonal"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          Work work = lu(a);
          work[Kind::elementwise] += a.batch * a.n;
          return work;
        },
};

// GETRF and GETRI. GETRI leaves out products with the zeros of the identity.
constexpr Formula inverse{
    .counts = {{Kind::contraction, "n (n - 1)^2, LU factors included"}, {Kind::elementwise, "divisions and scaling"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          const Count less = less_one(a.n);
          return direct(a.n * less * less, over(a.n * less, 2) + a.n * a.n * 2) * a.batch;
        },
};

constexpr Formula cholesky{
    .counts = {{Kind::contraction, "(n - 1) n (n + 1) / 6"}, {Kind::elementwise, "divisions and roots"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          return direct(over(less_one(a.n) * a.n * (a.n + 1), 6), over(a.n * (a.n + 1), 2)) * a.batch;
        },
};

constexpr Formula cholesky_solve{
    .counts = {{Kind::contraction, "k right-hand sides: k n (n - 1)"}, {Kind::elementwise, "divisions"}},
    .work = [](const OpView& op) { return both_triangles(op.out(), size_from_end(op.in(1), 1), 2); },
};

constexpr Formula cholesky_inverse{
    .counts = {{Kind::contraction, "n (n - 1) (2 n - 1) / 6"}, {Kind::elementwise, "divisions and scaling"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          const Count squares = over(a.n * less_one(a.n) * (a.n + less_one(a.n)), 6);
          return direct(squares, over(a.n * (a.n * 3 + 1), 2)) * a.batch;
        },
};

constexpr Formula householder_factor{
    .counts = {{Kind::contraction, "those of GEQRF, about n^2 (m - n / 3) where m is the larger"},
               {Kind::elementwise, "scaling"}},
    .work = [](const OpView& op) { return reflections(Matrices(op.in(0))); },
};

constexpr Formula householder_product{
    .counts = {{Kind::contraction, "those of ORGQR, about 2 m n k - (m + n) k^2 + 2 k^3 / 3"},
               {Kind::elementwise, "scaling"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          return product_of_reflections(a.batch, a.m, a.n, size_from_end(op.in(1), 1));
        },
};

// (reflections, scales, other, whether the reflections are at the left, whether transposed)
constexpr Formula householder_times{
    .counts = {{Kind::contraction, "those of ORMQR: n k (2 m + 1 - k)"}, {Kind::elementwise, "scaling"}},
    .work =
        [](const OpView& op) {
          const Matrices other(op.in(2));
          const AttrValue* left = op.attr("left");
          const bool at_left = !left || attr_as<bool>(op, "left");
          const Count size = at_left ? other.m : other.n, others = at_left ? other.n : other.m;
          const Count k = std::min(size_from_end(op.in(1), 1), size);
          return direct(others * k * (size * 2 + 1 - k), others * k) * other.batch;
        },
};

// Mode "r" makes no Q; mode "complete" makes a square one.
constexpr Formula qr{
    .counts = {{Kind::contraction, "those of GEQRF and, where Q is asked for, of ORGQR"},
               {Kind::elementwise, "scaling"}},
    .work =
        [](const OpView& op) {
          const Matrices a(op.in(0));
          const AttrValue* given = op.attr("mode");
          const std::string mode = given ? attr_as<std::string>(op, "mode") : "reduced";
          Work work = reflections(a);
          if (mode != "r") work += product_of_reflections(a.batch, a.m, mode == "complete" ? a.m : a.p, a.p);
          return work;
        },
};

}  // namespace thoplw::work
