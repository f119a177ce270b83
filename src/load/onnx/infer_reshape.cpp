// Results of operators that give the same elements another shape or order.
#include <algorithm>
#include <numeric>
#include <string>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);

/// Sizes of a Reshape while it is worked out.
struct Target {
  Dims sizes;
  std::vector<bool> copied;  ///< from the input
  std::size_t open = kNone;  ///< the one that follows from the number of elements
  std::size_t unknown = 0;   ///< how many are neither known, nor copied, nor open
};

Target target_of(const Known& x, const Ints& wanted, bool zero_is_zero) {
  Target target{wanted, std::vector<bool>(wanted.size(), false)};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    std::int64_t& size = target.sizes[i];
    if (size == 0 && !zero_is_zero) {
      if (x.has_rank && i >= x.shape.size()) throw Error("a size is copied from a dimension that the input lacks");
      size = x.has_rank ? x.shape[i] : kNoSize;
      target.copied[i] = x.has_rank;
      target.unknown += x.has_rank ? 0 : 1;
    } else if (size == kUnknown) {
      size = kNoSize;
      ++target.unknown;
    } else if (size == -1) {
      if (target.open != kNone) throw Error("two sizes are -1");
      target.open = i;
    } else if (size < -1) {
      throw Error("size " + std::to_string(size) + " is negative");
    }
  }
  return target;
}

/// The size that makes the number of elements right; copied sizes, known or not, are on both sides.
void close(const Known& x, Target& target) {
  if (target.open == kNone && target.unknown == 1) {
    for (std::size_t i = 0; i < target.sizes.size(); ++i) {
      if (target.sizes[i] < 0 && !target.copied[i]) target.open = i;
    }
    target.unknown = 0;
  }
  if (target.open == kNone || target.unknown > 0 || !x.has_rank) return;
  Dims left, right;
  for (std::size_t i = 0; i < x.shape.size(); ++i) {
    if (i >= target.copied.size() || !target.copied[i]) left.push_back(x.shape[i]);
  }
  for (std::size_t i = 0; i < target.sizes.size(); ++i) {
    if (i != target.open && !target.copied[i]) right.push_back(target.sizes[i]);
  }
  const std::int64_t elements = elements_in(left), others = elements_in(right);
  if (elements < 0 || others <= 0) return;
  if (elements % others != 0) {
    throw Error(std::to_string(elements) + " elements do not part into " + std::to_string(others));
  }
  target.sizes[target.open] = elements / others;
}

void require_as_many(const Known& x, const Dims& sizes) {
  if (!x.has_rank) return;
  const std::int64_t before = elements_in(x.shape), after = elements_in(sizes);
  if (before >= 0 && after >= 0 && before != after) {
    throw Error(std::to_string(before) + " elements do not become " + std::to_string(after));
  }
}

/// The axes that a list names in a tensor of `rank` dimensions, each once.
std::vector<bool> chosen(const Ints& axes, std::size_t rank) {
  std::vector<bool> chosen(rank, false);
  for (std::int64_t axis : axes) {
    const std::size_t at = wrap_axis(axis, rank);
    if (chosen[at]) throw Error("axis " + std::to_string(axis) + " is named twice");
    chosen[at] = true;
  }
  return chosen;
}

/// The input seen as `sizes`, in which a step along each dimension is one of `steps`. What the file alone says of the
/// result does not make them known.
void walk(const Known& x, std::span<const std::int64_t> sizes, std::span<const std::int64_t> steps, Out out) {
  const bool known = std::ranges::all_of(sizes, [](std::int64_t size) { return size >= 0; });
  if (!out.empty() && known && followed(x) && is_small(out[0])) move_elements(x, places(sizes, 0, steps), out[0]);
}

}  // namespace

void reshape(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List wanted = list_of(view, "shape", 1);
  if (!wanted.values) return give_rank(out, 0, x.dtype, wanted.length);
  Target target = target_of(x, *wanted.values, view.node.integer("allowzero", 0) != 0);
  close(x, target);
  for (std::int64_t& size : target.sizes) size = std::max(size, kNoSize);
  require_as_many(x, target.sizes);
  give(out, 0, x.dtype, std::move(target.sizes));
  keep_elements(x, out);
}

void flatten(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_rank(out, 0, x.dtype, 2);
  std::int64_t axis = view.node.integer("axis", 1);
  const auto rank = static_cast<std::int64_t>(x.shape.size());
  if (axis < -rank || axis > rank) throw Error("axis " + std::to_string(axis) + " is out of range");
  const auto at = static_cast<std::size_t>(axis < 0 ? axis + rank : axis);
  const std::span sizes(x.shape);
  give(out, 0, x.dtype, {elements_in(sizes.first(at)), elements_in(sizes.subspan(at))});
  keep_elements(x, out);
}

void squeeze(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List axes = list_of(view, "axes", 1);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const auto rank = static_cast<std::int64_t>(x.shape.size());
  if (axes.given && !axes.whole()) return give_rank(out, 0, x.dtype, axes.length < 0 ? kNoSize : rank - axes.length);
  if (!axes.given && !x.whole()) return give_type(out, 0, x.dtype);
  const std::vector<bool> gone = axes.given ? chosen(*axes.values, x.shape.size()) : std::vector<bool>{};
  Dims sizes;
  for (std::size_t d = 0; d < x.shape.size(); ++d) {
    if (axes.given && gone[d] && x.shape[d] > 1) {
      throw Error("a dimension of size " + std::to_string(x.shape[d]) + " is squeezed");
    }
    if (axes.given ? !gone[d] : x.shape[d] != 1) sizes.push_back(x.shape[d]);
  }
  give(out, 0, x.dtype, std::move(sizes));
  keep_elements(x, out);
}

void unsqueeze(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List axes = list_of(view, "axes", 1);
  if (!x.has_rank || !axes.given) return give_type(out, 0, x.dtype);
  if (!axes.whole()) {
    return give_rank(out, 0, x.dtype, plus(static_cast<std::int64_t>(x.shape.size()), axes.length));
  }
  const std::size_t rank = x.shape.size() + axes.values->size();
  if (rank > kMostDims) throw Error("more than 64 dimensions");
  const std::vector<bool> added = chosen(*axes.values, rank);
  Dims sizes;
  for (std::size_t d = 0, from = 0; d < rank; ++d) sizes.push_back(added[d] ? 1 : x.shape[from++]);
  give(out, 0, x.dtype, std::move(sizes));
  keep_elements(x, out);
}

// com.microsoft: (x, one axis)
void expand_dims(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const auto axis = element_of(view.input(1));
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  if (!axis) return give_rank(out, 0, x.dtype, static_cast<std::int64_t>(x.shape.size()) + 1);
  Dims sizes = x.shape;
  sizes.insert(sizes.begin() + static_cast<std::ptrdiff_t>(wrap_axis(*axis, sizes.size() + 1)), 1);
  give(out, 0, x.dtype, std::move(sizes));
}

void transpose(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const std::size_t rank = x.shape.size();
  Ints order = view.node.integers("perm");
  if (!view.node.attribute("perm")) {
    order.resize(rank);
    std::iota(order.rbegin(), order.rend(), 0);
  }
  if (order.size() != rank) throw Error("perm does not name each dimension once");
  chosen(order, rank);
  const Dims own = row_major(x.shape);
  Dims sizes, steps;
  for (std::int64_t axis : order) {
    sizes.push_back(x.shape[wrap_axis(axis, rank)]);
    steps.push_back(own[wrap_axis(axis, rank)]);
  }
  give(out, 0, x.dtype, sizes);
  walk(x, sizes, steps, out);
}

void expand(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List wanted = list_of(view, "", 1);
  if (!x.has_rank || (!wanted.values && wanted.length < 0)) return give_type(out, 0, x.dtype);
  if (wanted.length > static_cast<std::int64_t>(kMostDims)) throw Error("more than 64 dimensions");
  Dims other(static_cast<std::size_t>(wanted.length), kNoSize);
  if (wanted.values) std::ranges::transform(*wanted.values, other.begin(), size_of);
  Dims sizes = x.shape;
  broadcast(sizes, other);
  const std::size_t shift = sizes.size() - x.shape.size();
  const Dims own = row_major(x.shape);
  Dims steps(sizes.size(), 0);
  for (std::size_t d = 0; d < own.size(); ++d) steps[shift + d] = x.shape[d] == 1 ? 0 : own[d];
  give(out, 0, x.dtype, sizes);
  walk(x, sizes, steps, out);
}

// Before version 6: (input, how often, along which axis). Since: (input, how often along each)
void tile(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List repeats = list_of(view, "", 1);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const std::size_t rank = x.shape.size();
  Ints times_each(rank, kUnknown);
  if (view.opset < 6 && view.in.size() > 2) {
    const auto count = whole_number_of(view.input(1)), axis = whole_number_of(view.input(2));
    if (count && axis) {
      std::ranges::fill(times_each, 1);
      times_each[wrap_axis(*axis, rank)] = *count;
    }
  } else if (repeats.values) {
    if (repeats.values->size() != rank) throw Error("one number of repeats per dimension is needed");
    times_each = *repeats.values;
  }
  const Dims own = row_major(x.shape);
  Dims sizes, seen, steps;
  for (std::size_t d = 0; d < rank; ++d) {
    if (times_each[d] < 0 && times_each[d] != kUnknown) throw Error("a number of repeats is negative");
    sizes.push_back(times(x.shape[d], size_of(times_each[d])));
    seen.insert(seen.end(), {size_of(times_each[d]), x.shape[d]});
    steps.insert(steps.end(), {0, own[d]});
  }
  give(out, 0, x.dtype, std::move(sizes));
  walk(x, seen, steps, out);
}

namespace {

/// Sizes of [N, C, ...] where blocks move between channels and space.
void blocks(const NodeView& view, Out out, bool to_space) {
  const Known& x = need(view, 0);
  const std::int64_t block = view.node.integer("blocksize", 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  if (block < 1) throw Error("blocksize is missing or below 1");
  if (x.shape.size() < 3) throw Error("at least 3 dimensions are needed");
  Dims sizes = x.shape;
  const auto divided = [](std::int64_t size, std::int64_t by) {
    if (size >= 0 && size % by != 0) throw Error(std::to_string(size) + " does not part into " + std::to_string(by));
    return size < 0 ? kNoSize : size / by;
  };
  for (std::size_t d = 2; d < sizes.size(); ++d) {
    sizes[d] = to_space ? times(sizes[d], block) : divided(sizes[d], block);
    sizes[1] = to_space ? divided(sizes[1], block) : times(sizes[1], block);
  }
  give(out, 0, x.dtype, std::move(sizes));
}

}  // namespace

void depth_to_space(const NodeView& view, Out out) { blocks(view, out, true); }
void space_to_depth(const NodeView& view, Out out) { blocks(view, out, false); }

// (columns[N, C * block, L], sizes of the image, sizes of a block) -> [N, C, ...]
void col2im(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const List image = list_of(view, "", 1), block = list_of(view, "", 2);
  if (!image.values) return give_rank(out, 0, x.dtype, plus(image.length, 2));
  Dims sizes{kNoSize, kNoSize};
  if (x.has_rank && x.shape.size() == 3) {
    sizes[0] = x.shape[0];
    const std::int64_t each = block.whole() ? elements_in(*block.values) : kNoSize;
    if (each > 0 && x.shape[1] >= 0) sizes[1] = x.shape[1] / each;
  }
  for (std::int64_t size : *image.values) sizes.push_back(std::max(size_of(size), kNoSize));
  give(out, 0, x.dtype, std::move(sizes));
}

}  // namespace thoplw::onnx::infer
