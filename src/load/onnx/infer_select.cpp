// Results of operators that take parts of tensors or put tensors together.
#include <algorithm>
#include <string>

#include "base/overflow.h"
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

std::int64_t rank_of(const Known& x) { return static_cast<std::int64_t>(x.shape.size()); }

/// The axes that a list names, or all in order where it is not given; nothing where it is not known.
std::optional<std::vector<std::size_t>> axes_or_all(const List& axes, std::size_t rank) {
  std::vector<std::size_t> result;
  if (!axes.given) {
    for (std::size_t d = 0; d < rank; ++d) result.push_back(d);
    return result;
  }
  if (!axes.whole()) return std::nullopt;
  for (std::int64_t axis : *axes.values) result.push_back(wrap_axis(axis, rank));
  return result;
}

/// Where a slice of one dimension starts, and how many elements it takes.
struct Part {
  std::int64_t start = 0, step = 1, size = kNoSize;
};

Part part_of(std::int64_t size, std::int64_t start, std::int64_t end, std::int64_t step) {
  if (step == 0) throw Error("a slice has step 0");
  if (size < 0 || start == kUnknown || end == kUnknown || step == kUnknown) return {};
  const std::int64_t last = step > 0 ? size : size - 1;
  const std::int64_t low = step > 0 ? 0 : -1;
  const auto clamped = [&](std::int64_t at) { return std::clamp<std::int64_t>(at < 0 ? at + size : at, low, last); };
  start = clamped(start);
  if (step < 0) start = std::max<std::int64_t>(start, 0);
  end = clamped(end);
  const auto distance = static_cast<std::uint64_t>(step > 0 ? end - start : start - end);
  const std::uint64_t stride = step > 0 ? static_cast<std::uint64_t>(step) : 0 - static_cast<std::uint64_t>(step);
  if (step > 0 ? end <= start : start <= end) return {start, step, 0};
  return {start, step, static_cast<std::int64_t>((distance - 1) / stride + 1)};
}

}  // namespace

void slice(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const List starts = list_of(view, "starts", 1), ends = list_of(view, "ends", 2);
  const List axes = list_of(view, "axes", 3), steps = list_of(view, "steps", 4);
  const std::int64_t count = std::max(starts.length, ends.length);
  const List named = axes.given || count < 0 || count > rank_of(x) ? axes : List{};
  auto along = axes_or_all(named, x.shape.size());
  if (!along) return give_rank(out, 0, x.dtype, rank_of(x));
  if (!axes.given && count >= 0) along->resize(std::min(along->size(), static_cast<std::size_t>(count)));
  std::vector<Part> parts;
  for (std::int64_t size : x.shape) parts.push_back({0, 1, size});
  for (std::size_t i = 0; i < along->size(); ++i) {
    const auto at = [&](const List& list, std::int64_t absent) {
      if (!list.given) return absent;
      return list.values && i < list.values->size() ? (*list.values)[i] : kUnknown;
    };
    parts[(*along)[i]] = part_of(x.shape[(*along)[i]], at(starts, kUnknown), at(ends, kUnknown), at(steps, 1));
  }
  const Dims own = row_major(x.shape);
  Dims sizes, strides;
  for (const Part& part : parts) sizes.push_back(part.size);
  give(out, 0, x.dtype, sizes);
  if (out.empty() || !followed(x) || !std::ranges::all_of(sizes, [](std::int64_t size) { return size >= 0; })) return;
  std::int64_t start = 0;
  for (std::size_t d = 0; d < parts.size(); ++d) {
    start += parts[d].start * own[d];
    strides.push_back(parts[d].size > 1 ? parts[d].step * own[d] : 0);
  }
  move_elements(x, places(sizes, start, strides), out[0]);
}

void gather(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& indices = need(view, 1);
  if (!x.has_rank || !indices.has_rank) return give_type(out, 0, x.dtype);
  const std::size_t axis = wrap_axis(view.node.integer("axis", 0), x.shape.size());
  Dims sizes(x.shape.begin(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis));
  sizes.insert(sizes.end(), indices.shape.begin(), indices.shape.end());
  sizes.insert(sizes.end(), x.shape.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.shape.end());
  give(out, 0, x.dtype, std::move(sizes));
  const Ints* wanted = elements_of(&indices);
  if (out.empty() || !wanted || !followed(x) || !is_small(out[0])) return;
  const std::span all(x.shape);
  const std::int64_t before = elements_in(all.first(axis)), along = x.shape[axis];
  const std::int64_t inner = elements_in(all.subspan(axis + 1));
  Places from;
  for (std::int64_t outer = 0; outer < before; ++outer) {
    for (std::int64_t index : *wanted) {
      const std::int64_t at = index < 0 ? index + along : index;
      const bool known = index != kUnknown && at >= 0 && at < along;
      for (std::int64_t i = 0; i < inner; ++i) {
        from.push_back(known ? static_cast<std::size_t>((outer * along + at) * inner + i) : kNowhere);
      }
    }
  }
  move_elements(x, from, out[0]);
}

void gather_elements(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& indices = need(view, 1);
  give_like(out, 0, x.dtype, indices);
  const Ints* wanted = elements_of(&indices);
  if (out.empty() || !wanted || !followed(x) || x.shape.size() != 1) return;
  Places from;
  for (std::int64_t index : *wanted) {
    const std::int64_t at = index < 0 ? index + x.shape[0] : index;
    from.push_back(index != kUnknown && at >= 0 && at < x.shape[0] ? static_cast<std::size_t>(at) : kNowhere);
  }
  move_elements(x, from, out[0]);
}

void gather_nd(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& indices = need(view, 1);
  if (!x.has_rank || !indices.has_rank || indices.shape.empty() || indices.shape.back() < 0) {
    return give_type(out, 0, x.dtype);
  }
  const std::int64_t used = plus(indices.shape.back(), view.node.integer("batch_dims", 0));
  if (used < 0 || used > rank_of(x)) throw Error("indices name more dimensions than there are");
  Dims sizes(indices.shape.begin(), indices.shape.end() - 1);
  sizes.insert(sizes.end(), x.shape.begin() + used, x.shape.end());
  give(out, 0, x.dtype, std::move(sizes));
}

void concat(const NodeView& view, Out out) {
  if (view.in.empty()) return;
  const DType dtype = need(view, 0).dtype;
  Dims sizes;
  std::size_t axis = 0;
  for (std::size_t i = 0; i < view.in.size(); ++i) {
    const Known& x = need(view, i);
    if (!x.has_rank) return give_type(out, 0, dtype);
    if (i == 0) {
      sizes = x.shape;
      axis = wrap_axis(view.node.integer("axis", 1), sizes.size());
      continue;
    }
    if (x.shape.size() != sizes.size()) throw Error("tensors of different numbers of dimensions are put together");
    for (std::size_t d = 0; d < sizes.size(); ++d) {
      sizes[d] = d == axis ? plus(sizes[d], x.shape[d]) : same_size(sizes[d], x.shape[d]);
    }
  }
  give(out, 0, dtype, std::move(sizes));
  if (out.empty() || !is_small(out[0])) return;
  if (!std::ranges::all_of(view.in, [](const Known* x) { return followed(*x); })) return;
  const std::span shape(out[0].shape);
  const auto join = [&](auto member) {
    if (!std::ranges::all_of(view.in, [&](const Known* x) { return (x->*member).has_value(); })) return;
    auto& joined = (out[0].*member).emplace();
    for (std::int64_t outer = 0; outer < elements_in(shape.first(axis)); ++outer) {
      for (const Known* x : view.in) {
        const std::int64_t each = elements_in(std::span(x->shape).subspan(axis));
        const auto from = (x->*member)->begin() + outer * each;
        joined.insert(joined.end(), from, from + each);
      }
    }
  };
  join(&Known::elements);
  join(&Known::reals);
}

namespace {

/// Sizes of the parts, -1 where they are not known.
Ints parts_of(const List& split, std::int64_t size, std::size_t count) {
  if (split.values) {
    if (split.values->size() != count) throw Error("the number of parts is not that of the results");
    Ints parts;
    std::ranges::transform(*split.values, std::back_inserter(parts), size_of);
    return parts;
  }
  if (split.given || size < 0 || count == 0) return Ints(count, kNoSize);
  const auto parts = static_cast<std::int64_t>(count);
  const std::int64_t each = (size - 1) / parts + 1;  // the last may be smaller
  Ints sizes;
  for (std::int64_t i = 0, left = size; i < parts; ++i, left -= sizes.back()) sizes.push_back(std::min(each, left));
  return sizes;
}

}  // namespace

void split(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) {
    for (std::size_t i = 0; i < out.size(); ++i) give_type(out, i, x.dtype);
    return;
  }
  const std::size_t axis = wrap_axis(view.node.integer("axis", 0), x.shape.size());
  const Ints parts = parts_of(list_of(view, "split", 1), x.shape[axis], out.size());
  const Dims own = row_major(x.shape);
  std::int64_t start = 0;
  for (std::size_t i = 0; i < out.size(); ++i) {
    Dims sizes = x.shape;
    sizes[axis] = parts[i];
    give(out, i, x.dtype, sizes);
    if (!followed(x) || parts[i] < 0 || parts[i] > x.shape[axis] - start) continue;
    move_elements(x, places(sizes, start * own[axis], own), out[i]);
    start += parts[i];
  }
}

void pad(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  List pads = list_of(view, "pads", 1);
  if (view.node.attribute("paddings")) pads = list_of(view, "paddings", 1);  // version 1
  const auto axes = axes_or_all(list_of(view, "axes", 3), x.shape.size());
  if (!pads.values || !axes) return give_rank(out, 0, x.dtype, rank_of(x));
  if (pads.values->size() != axes->size() * 2) throw Error("pads does not name two sides of each axis");
  Dims sizes = x.shape;
  for (std::size_t i = 0; i < axes->size(); ++i) {
    std::int64_t& size = sizes[(*axes)[i]];
    for (std::int64_t side : {(*pads.values)[i], (*pads.values)[axes->size() + i]}) {
      if (size < 0 || side == kUnknown) {
        size = kNoSize;
      } else if (add_overflows(size, side, size) || size < 0) {  // a negative padding crops
        throw Error("a padding of " + std::to_string(side) + " leaves no size");
      }
    }
  }
  give(out, 0, x.dtype, std::move(sizes));
}

void center_crop_pad(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const List wanted = list_of(view, "", 1);
  const auto axes = axes_or_all(list_of(view, "axes", 99), x.shape.size());
  Dims sizes = x.shape;
  for (std::size_t i = 0; axes && i < axes->size(); ++i) {
    const bool there = wanted.values && i < wanted.values->size();
    sizes[(*axes)[i]] = there ? std::max(size_of((*wanted.values)[i]), kNoSize) : kNoSize;
  }
  give(out, 0, x.dtype, std::move(sizes));
}

// Which elements are taken hangs on the data, unless the condition is known.
void compress(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  std::int64_t taken = kNoSize;
  if (const Ints* condition = elements_of(view.input(1))) {
    if (std::ranges::find(*condition, kUnknown) == condition->end()) {
      taken = static_cast<std::int64_t>(condition->size()) - std::ranges::count(*condition, 0);
    }
  }
  if (!view.node.attribute("axis")) return give(out, 0, x.dtype, {taken});
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  Dims sizes = x.shape;
  sizes[wrap_axis(view.node.integer("axis", 0), sizes.size())] = taken;
  give(out, 0, x.dtype, std::move(sizes));
}

// [dimensions, elements that are not 0]
void nonzero(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t rank = x.has_rank ? std::max<std::int64_t>(rank_of(x), 1) : kNoSize;
  const Ints* elements = elements_of(&x);
  if (!elements || std::ranges::find(*elements, kUnknown) != elements->end()) {
    return give(out, 0, DType::i64, {rank, kNoSize});
  }
  Ints found;
  for (std::size_t i = 0; i < elements->size(); ++i) {
    if ((*elements)[i] != 0) found.push_back(static_cast<std::int64_t>(i));
  }
  give(out, 0, DType::i64, {rank, static_cast<std::int64_t>(found.size())});
  if (rank == 1 && !out.empty()) out[0].elements = std::move(found);
}

// Without an axis the input counts as flat.
void unique(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  Dims sizes{kNoSize};
  const bool along = view.node.attribute("axis") != nullptr;
  if (along && x.has_rank) {
    sizes = x.shape;
    sizes[wrap_axis(view.node.integer("axis", 0), sizes.size())] = kNoSize;
  }
  if (along && !x.has_rank) {
    give_type(out, 0, x.dtype);
  } else {
    give(out, 0, x.dtype, std::move(sizes));
  }
  const std::int64_t all = !x.has_rank ? kNoSize
                           : along     ? x.shape[wrap_axis(view.node.integer("axis", 0), x.shape.size())]
                                       : elements_in(x.shape);
  give(out, 1, DType::i64, {kNoSize});
  give(out, 2, DType::i64, {all});
  give(out, 3, DType::i64, {kNoSize});
}

void top_k(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) {
    give_type(out, 0, x.dtype);
    return give_type(out, 1, DType::i64);
  }
  const std::size_t axis = wrap_axis(view.node.integer("axis", -1), x.shape.size());
  Dims sizes = x.shape;
  std::optional<std::int64_t> k = element_of(view.input(1));
  if (view.node.attribute("k")) k = view.node.integer("k", 0);
  sizes[axis] = k ? *k : kNoSize;
  if (k && (*k < 0 || (x.shape[axis] >= 0 && *k > x.shape[axis]))) {
    throw Error("the " + std::to_string(*k) + " largest of " + std::to_string(x.shape[axis]) + " are asked for");
  }
  give(out, 0, x.dtype, sizes);
  give(out, 1, DType::i64, std::move(sizes));
}

void non_max_suppression(const NodeView&, Out out) { give(out, 0, DType::i64, {kNoSize, 3}); }

}  // namespace thoplw::onnx::infer
