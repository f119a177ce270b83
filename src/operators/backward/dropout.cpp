// Lowerings of dropout: a mask of bytes in CUDA's own kernel, else a factor for each element or channel.
#include "operators/backward/lowerings.h"

namespace thoplw::lower {
namespace {

/// One factor for each channel of each sample.
Count channels(const Tensor& x) { return x.shape.size() < 2 ? numel(x) : Count(x.shape[0]) * x.shape[1]; }

void multiplied(Keeping& k, Count factors) {
  const double p = number(k.op, "p", 0.5);
  if (!flag(k.op, "train", true) || p == 0 || numel(k.op.in(0)) == 0) return;
  if (p == 1) return;  // multiplied by one zero
  k.fresh(bytes_of(k.op.in(0).dtype, factors));
}

/// A shift is added too, so that mean and variance stay.
void multiplied_and_added(Keeping& k, Count factors) {
  multiplied(k, factors);
  const double p = number(k.op, "p", 0.5);
  if (flag(k.op, "train", true) && p > 0 && p < 1) k.fresh(bytes_of(k.op.in(0).dtype, factors), false);
}

}  // namespace

void dropout(Keeping& k) {
  const double p = number(k.op, "p", 0.5);
  if (k.op.flavour.processor == Processor::cuda && p > 0 && p < 1 && flag(k.op, "train", true)) {
    k.fresh(numel(k.op.in(0)));
  } else {
    multiplied(k, numel(k.op.in(0)));
  }
}

void alpha_dropout(Keeping& k) { multiplied_and_added(k, numel(k.op.in(0))); }
void feature_dropout(Keeping& k) { multiplied(k, channels(k.op.in(0))); }
void feature_alpha_dropout(Keeping& k) { multiplied_and_added(k, channels(k.op.in(0))); }

}  // namespace thoplw::lower
