// Lowerings of linear algebra: factorizations that are made inside.
#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

/// A matrix of factors as large as the input, and a pivot for each of its rows.
void factors(Keeping& k) {
  const Tensor& matrix = k.op.in(0);
  k.fresh(bytes_of(matrix));
  Count rows = 1;
  for (std::size_t i = 0; i + 1 < matrix.shape.size(); ++i) rows *= matrix.shape[i];
  k.fresh(bytes_of(DType::i32, rows));
}

}  // namespace

void determinant(Keeping& k) {
  k.input(0);
  k.output();
  factors(k);
}

void sign_and_log_determinant(Keeping& k) {
  k.input(0);
  k.output(0);
  factors(k);
}

// The sign is made inside, and compared with -1.
void log_determinant(Keeping& k) {
  k.input(0);
  k.fresh(bytes_of(k.op.out()));
  k.fresh(numel(k.op.out()));
  factors(k);
}

// Its results are the factors.
void lu_factor(Keeping& k) {
  k.output(0);
  k.output(1);
}

// (right side, factors, pivots)
void lu_solve(Keeping& k) {
  k.input(1);
  k.input(2);
  k.output();
}

void solve(Keeping& k) {
  k.input(0);
  k.output();
  factors(k);
}

// A norm of vectors: of all elements, or over one dimension.
void vector_norm(Keeping& k) {
  const bool of_matrices = !word(k.op, "ord").empty() || numbers(k.op, "dim").size() > 1 ||
                           (k.op.attr("ord") && numbers(k.op, "dim").empty() && k.op.in(0).shape.size() > 1);
  if (of_matrices) return k.incomplete();
  k.input(0);
  k.output();
}

}  // namespace thoplw::lower
