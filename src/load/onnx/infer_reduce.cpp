// Results of reductions, normalisations over axes, and losses.
#include <algorithm>
#include <string>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

/// Folds all elements into one where the whole tensor is reduced.
void fold_elements(const Known& x, Known& out, std::int64_t (*fold)(std::int64_t, std::int64_t)) {
  const Ints* elements = elements_of(&x);
  if (!fold || !elements || elements->empty() || !out.whole() || elements_in(out.shape) != 1) return;
  std::int64_t result = elements->front();
  for (std::size_t i = 1; i < elements->size() && result != kUnknown; ++i) {
    result = (*elements)[i] == kUnknown ? kUnknown : fold(result, (*elements)[i]);
  }
  out.elements = Ints{result};
}

void reduced(const Known& x, const List& axes, bool keep, DType dtype, Out out) {
  if (!x.has_rank) return give_type(out, 0, dtype);
  const std::size_t rank = x.shape.size();
  if (axes.given && !axes.whole()) {
    if (keep) return give_rank(out, 0, dtype, static_cast<std::int64_t>(rank));
    const std::int64_t left = axes.length < 0 ? kNoSize : static_cast<std::int64_t>(rank) - axes.length;
    return give_rank(out, 0, dtype, std::max(left, kNoSize));
  }
  std::vector<bool> gone(rank, !axes.given);
  if (axes.given) {
    for (std::int64_t axis : *axes.values) gone[wrap_axis(axis, rank)] = true;
  }
  Dims sizes;
  for (std::size_t d = 0; d < rank; ++d) {
    if (!gone[d]) sizes.push_back(x.shape[d]);
    if (gone[d] && keep) sizes.push_back(1);
  }
  give(out, 0, dtype, std::move(sizes));
}

void reduce_with(const NodeView& view, Out out, std::int64_t (*fold)(std::int64_t, std::int64_t)) {
  const Known& x = need(view, 0);
  List axes = list_of(view, "axes", 1);
  if (axes.given && axes.values && axes.values->empty()) {
    if (view.node.integer("noop_with_empty_axes", 0) != 0) return identity(view, out);
    axes = {};
  }
  if (!axes.given && view.node.integer("noop_with_empty_axes", 0) != 0) return identity(view, out);
  reduced(x, axes, view.node.integer("keepdims", 1) != 0, x.dtype, out);
  if (!out.empty()) fold_elements(x, out[0], fold);
}

}  // namespace

void reduce(const NodeView& view, Out out) { reduce_with(view, out, nullptr); }
void reduce_sum(const NodeView& view, Out out) { reduce_with(view, out, kAdd.ints); }
void reduce_product(const NodeView& view, Out out) { reduce_with(view, out, kMultiply.ints); }
void reduce_min(const NodeView& view, Out out) { reduce_with(view, out, kSmaller.ints); }
void reduce_max(const NodeView& view, Out out) { reduce_with(view, out, kLarger.ints); }

void arg_reduce(const NodeView& view, Out out) {
  const List axis{true, Ints{view.node.integer("axis", 0)}, 1};
  reduced(need(view, 0), axis, view.node.integer("keepdims", 1) != 0, DType::i64, out);
}

// Versions before 14 have as many statistics as outputs, each of one element per channel.
void batch_norm(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  give_like(out, 0, x);
  const Known& mean = need(view, 3);
  for (std::size_t i = 1; i < out.size(); ++i) give_like(out, i, mean);
}

// (x, scale, bias) -> (y, mean, inverse deviation): the statistics keep the dimensions, of size 1 from `axis` on.
void layer_norm(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  give_like(out, 0, x);
  Known statistics{.dtype = view.node.integer("stash_type", 1) == 1 ? DType::f32 : x.dtype,
                   .has_rank = x.has_rank,
                   .shape = x.shape,
                   .elements = {},
                   .reals = {},
                   .items = {}};
  if (x.has_rank) {
    const std::size_t axis = wrap_axis(view.node.integer("axis", -1), x.shape.size());
    std::fill(statistics.shape.begin() + static_cast<std::ptrdiff_t>(axis), statistics.shape.end(), 1);
  }
  for (std::size_t i = 1; i < out.size(); ++i) give_like(out, i, statistics);
}

// com.microsoft: (x, skip, scale, ...) -> (y, mean, inverse deviation, x + skip)
void skip_layer_norm(const NodeView& view, Out out) {
  layer_norm(view, out);
  give_like(out, 3, need(view, 0));
}

// com.microsoft: (ids[N, L], segments, words[V, E], ...) -> ([N, L, E], [N], [N, L, E])
void embed_layer_norm(const NodeView& view, Out out) {
  const Known& ids = need(view, 0);
  const Known& words = need(view, 2);
  if (ids.has_rank && words.has_rank && ids.shape.size() == 2 && words.shape.size() == 2) {
    const Dims embedded{ids.shape[0], ids.shape[1], words.shape[1]};
    give(out, 0, words.dtype, embedded);
    give(out, 1, DType::i32, {ids.shape[0]});
    give(out, 2, words.dtype, embedded);
  }
}

// (scores[N, C, ...], labels[N, ...]) -> (loss, logarithms of probabilities)
void loss(const NodeView& view, Out out) {
  const Known& scores = need(view, 0);
  if (view.node.text("reduction", "mean") == "none") {
    give_like(out, 0, scores.dtype, need(view, 1));
  } else {
    give(out, 0, scores.dtype, {});
  }
  give_like(out, 1, scores);
}

// [..., n, n] -> [...]
void determinant(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank || x.shape.size() < 2) return give_type(out, 0, x.dtype);
  give(out, 0, x.dtype, Dims(x.shape.begin(), x.shape.end() - 2));
}

}  // namespace thoplw::onnx::infer
