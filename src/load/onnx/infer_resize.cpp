// Results of operators that sample images at other sizes: Resize and Upsample in all versions, GridSample.
#include <algorithm>
#include <cmath>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

using Reals = std::vector<double>;

/// Elements of a floating input, or nothing where they are not followed; none where it is absent or empty.
std::optional<Reals> reals_at(const NodeView& view, std::size_t i) {
  const Known* known = view.input(i);
  if (!known || (known->has_rank && known->shape == Dims{0})) return Reals{};
  if (!followed(*known) || !known->reals) return std::nullopt;
  return known->reals;
}

/// As the runtimes do it: in f32, and cut off.
std::int64_t scaled(std::int64_t size, double scale) {
  if (size < 0 || std::isnan(scale)) return kNoSize;
  const float exact = static_cast<float>(size) * static_cast<float>(scale);
  if (!(exact >= 0) || exact > 9e15F) throw Error("a scale leaves no size");
  return static_cast<std::int64_t>(exact);
}

void by_scales(const Known& x, const std::optional<Reals>& scales, const std::vector<std::size_t>& axes, Out out) {
  if (!scales) return give_rank(out, 0, x.dtype, static_cast<std::int64_t>(x.shape.size()));
  if (scales->size() != axes.size()) throw Error("one scale per axis is needed");
  Dims sizes = x.shape;
  for (std::size_t i = 0; i < axes.size(); ++i) sizes[axes[i]] = scaled(x.shape[axes[i]], (*scales)[i]);
  give(out, 0, x.dtype, std::move(sizes));
}

/// One scale for all axes, so that no size, or every size, reaches what is asked for.
void keep_ratio(const Known& x, const Ints& wanted, const std::vector<std::size_t>& axes, bool not_larger,
                Dims& sizes) {
  std::optional<double> scale;
  bool known = true;
  for (std::size_t i = 0; i < axes.size(); ++i) {
    const std::int64_t size = x.shape[axes[i]];
    known = known && size > 0 && wanted[i] != kUnknown;
    if (!known) break;
    const double each = static_cast<double>(wanted[i]) / static_cast<double>(size);
    scale = !scale ? each : not_larger ? std::min(*scale, each) : std::max(*scale, each);
  }
  for (const std::size_t axis : axes) {
    const double size = known && scale ? std::floor(*scale * static_cast<double>(x.shape[axis]) + 0.5) : -1.0;
    if (size > 9e15) throw Error("a scale leaves no size");
    sizes[axis] = size < 0 ? kNoSize : static_cast<std::int64_t>(size);
  }
}

void by_sizes(const NodeView& view, const Known& x, const List& wanted, const std::vector<std::size_t>& axes, Out out) {
  if (!wanted.values) return give_rank(out, 0, x.dtype, static_cast<std::int64_t>(x.shape.size()));
  if (wanted.values->size() != axes.size()) throw Error("one size per axis is needed");
  Dims sizes = x.shape;
  const std::string_view policy = view.node.text("keep_aspect_ratio_policy", "stretch");
  if (policy == "stretch") {
    for (std::size_t i = 0; i < axes.size(); ++i) sizes[axes[i]] = std::max(size_of((*wanted.values)[i]), kNoSize);
  } else {
    keep_ratio(x, *wanted.values, axes, policy == "not_larger", sizes);
  }
  give(out, 0, x.dtype, std::move(sizes));
}

std::vector<std::size_t> resized_axes(const NodeView& view, std::size_t rank) {
  std::vector<std::size_t> axes;
  for (std::int64_t axis : view.node.integers("axes")) axes.push_back(wrap_axis(axis, rank));
  for (std::size_t d = 0; d < rank && !view.node.attribute("axes"); ++d) axes.push_back(d);
  return axes;
}

}  // namespace

// Version 10: (x, scales). Since 11: (x, region, scales, sizes).
void resize(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const std::vector<std::size_t> axes = resized_axes(view, x.shape.size());
  if (view.opset < 11) return by_scales(x, reals_at(view, 1), axes, out);
  const List sizes = list_of(view, "", 3);
  if (sizes.given && sizes.length != 0) return by_sizes(view, x, sizes, axes, out);
  by_scales(x, reals_at(view, 2), axes, out);
}

// Scales are two attributes, then a list of them, then an input.
void upsample(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  std::optional<Reals> scales;
  const Attribute* height = view.node.attribute("height_scale");
  const Attribute* width = view.node.attribute("width_scale");
  if (height && width) {
    scales = Reals{1, 1, height->real, width->real};
  } else if (const Attribute* list = view.node.attribute("scales")) {
    scales = list->reals;
  } else {
    scales = reals_at(view, 1);
  }
  by_scales(x, scales, resized_axes(view, x.shape.size()), out);
}

// (x[N, C, ...], grid[N, ..., d]) -> [N, C, ...]
void grid_sample(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& grid = need(view, 1);
  if (!x.has_rank || !grid.has_rank || x.shape.size() < 3 || x.shape.size() != grid.shape.size()) {
    return give_like(out, 0, x.dtype, Known{});
  }
  Dims sizes(x.shape.begin(), x.shape.begin() + 2);
  sizes.insert(sizes.end(), grid.shape.begin() + 1, grid.shape.end() - 1);
  give(out, 0, x.dtype, std::move(sizes));
}

// com.microsoft: (x, boxes, indices, sizes)
void crop_and_resize(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& boxes = need(view, 1);
  const List sizes = list_of(view, "", 3);
  const bool both = sizes.values && sizes.values->size() == 2;
  give(out, 0, x.dtype,
       {boxes.has_rank && !boxes.shape.empty() ? boxes.shape[0] : kNoSize,
        x.has_rank && x.shape.size() == 4 ? x.shape[1] : kNoSize, both ? size_of((*sizes.values)[0]) : kNoSize,
        both ? size_of((*sizes.values)[1]) : kNoSize});
}

}  // namespace thoplw::onnx::infer
