// Lowerings of pools: maxima keep where they were found, means of all places keep nothing.
#include <algorithm>

#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

Count indices(const Keeping& k) { return bytes_of(DType::i64, numel(k.op.out())); }

/// Over all places it is a mean, which keeps only sizes; else a kernel that keeps its input.
void adaptive_avg_pool(Keeping& k, std::size_t spatial) {
  const Dims& sizes = k.op.out().shape;
  const bool to_one = std::all_of(sizes.end() - static_cast<std::ptrdiff_t>(std::min(spatial, sizes.size())),
                                  sizes.end(), [](std::int64_t size) { return size == 1; });
  if (!to_one) k.input(0);
}

}  // namespace

void max_pool(Keeping& k) {
  k.input(0);
  k.fresh(indices(k));
}

// Without a gradient, a kernel that finds no indices.
void max_pool1d(Keeping& k) {
  if (k.op.need_any()) max_pool(k);
}

void max_pool_with_indices(Keeping& k) {
  k.input(0);
  k.output(1);
}

void adaptive_avg_pool1d(Keeping& k) { adaptive_avg_pool(k, 1); }
void adaptive_avg_pool2d(Keeping& k) { adaptive_avg_pool(k, 2); }
void adaptive_avg_pool3d(Keeping& k) { adaptive_avg_pool(k, 3); }

}  // namespace thoplw::lower
