// Results of operators that move a window over space: convolutions, poolings, regions of interest.
#include <algorithm>
#include <string>

#include "base/wide.h"
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

/// Sizes are worked out in Wide, where no sum of products of a few wraps.
std::int64_t narrow(Wide size) {
  if (size < 0) throw Error("a size is below 0");
  if (size > INT64_MAX) throw Error("its sizes exceed 2^63");
  return static_cast<std::int64_t>(size);
}

/// The window of an operator along each spatial dimension.
struct Windows {
  Dims kernel, strides, dilations, begin, end;
  std::string_view auto_pad;

  bool same() const { return auto_pad.starts_with("SAME"); }
};

Dims per_dimension(const NodeView& view, std::string_view name, std::size_t count, std::int64_t absent) {
  const Ints& values = view.node.integers(name);
  if (values.empty()) return Dims(count, absent);
  if (values.size() != count) {
    throw Error("attribute " + std::string(name) + " has " + std::to_string(values.size()) + " numbers; " +
                std::to_string(count) + " are needed");
  }
  return values;
}

/// `kernel` serves where the attribute does not say it.
Windows windows_of(const NodeView& view, std::size_t spatial, Dims kernel) {
  Windows windows;
  windows.kernel =
      view.node.integers("kernel_shape").empty() ? std::move(kernel) : per_dimension(view, "kernel_shape", spatial, 1);
  if (windows.kernel.size() != spatial) throw Error("the window does not have one size per spatial dimension");
  windows.strides = per_dimension(view, "strides", spatial, 1);
  windows.dilations = per_dimension(view, "dilations", spatial, 1);
  const Dims pads = per_dimension(view, "pads", spatial * 2, 0);
  windows.begin.assign(pads.begin(), pads.begin() + static_cast<std::ptrdiff_t>(spatial));
  windows.end.assign(pads.begin() + static_cast<std::ptrdiff_t>(spatial), pads.end());
  windows.auto_pad = view.node.text("auto_pad", "NOTSET");
  if (windows.auto_pad == "VALID") windows.begin = windows.end = Dims(spatial, 0);
  for (std::size_t d = 0; d < spatial; ++d) {
    if (windows.strides[d] < 1 || windows.dilations[d] < 1) throw Error("a stride or dilation is below 1");
  }
  return windows;
}

Wide reach(const Windows& windows, std::size_t d) { return (Wide{windows.kernel[d]} - 1) * windows.dilations[d] + 1; }

/// How many windows fit along one dimension.
std::int64_t positions(const Windows& windows, std::size_t d, std::int64_t size, bool ceil) {
  if (size < 0) return kNoSize;
  const std::int64_t stride = windows.strides[d];
  if (windows.same()) return narrow((Wide{size} + stride - 1) / stride);
  if (windows.kernel[d] < 0) return kNoSize;
  const Wide room = Wide{size} + windows.begin[d] + windows.end[d] - reach(windows, d);
  if (room < 0) throw Error("a window does not fit in size " + std::to_string(size));
  Wide count = (room + (ceil ? stride - 1 : 0)) / stride + 1;
  if (ceil && (count - 1) * stride >= Wide{size} + windows.begin[d]) --count;  // none starts in the padding at the end
  return narrow(count);
}

/// The spatial sizes of `x`, where channels are second or last.
Dims slid(const Windows& windows, std::span<const std::int64_t> space, bool ceil) {
  Dims sizes;
  for (std::size_t d = 0; d < space.size(); ++d) sizes.push_back(positions(windows, d, space[d], ceil));
  return sizes;
}

/// [N, C, ...] or, with channels last, [N, ..., C].
Dims assemble(std::int64_t batch, std::int64_t channels, Dims space, bool last) {
  space.insert(last ? space.end() : space.begin(), channels);
  space.insert(space.begin(), batch);
  return space;
}

std::span<const std::int64_t> space_of(const Known& x, bool last) {
  if (x.shape.size() < 3) throw Error("an input of 3 or more dimensions is needed");
  return std::span(x.shape).subspan(last ? 1 : 2, x.shape.size() - 2);
}

Dims spatial_kernel(const Known& weight, std::size_t spatial, bool last) {
  if (!weight.has_rank) return Dims(spatial, kNoSize);
  if (weight.shape.size() != spatial + 2) {
    throw Error("a weight of " + std::to_string(weight.shape.size()) + " dimensions meets an input of " +
                std::to_string(spatial + 2));
  }
  const auto from = weight.shape.begin() + (last ? 1 : 2);
  return Dims(from, from + static_cast<std::ptrdiff_t>(spatial));
}

void convolved(const NodeView& view, Out out, const Known& x, const Known& weight, DType dtype, bool x_last = false,
               bool weight_last = false) {
  if (!x.has_rank)
    return give_rank(out, 0, dtype, weight.has_rank ? static_cast<std::int64_t>(weight.shape.size()) : kNoSize);
  const auto space = space_of(x, x_last);
  const Windows windows = windows_of(view, space.size(), spatial_kernel(weight, space.size(), weight_last));
  const std::int64_t channels = x_last ? x.shape.back() : x.shape[1];
  if (weight.has_rank && channels >= 0) {
    if (view.node.integer("group", 1) < 1) throw Error("group is below 1");
    const std::int64_t per_group = weight_last ? weight.shape.back() : weight.shape[1];
    const std::int64_t wanted = times(per_group, view.node.integer("group", 1));
    if (wanted >= 0 && wanted != channels) {
      throw Error("the input has " + std::to_string(channels) + " channels, the weight wants " +
                  std::to_string(wanted));
    }
  }
  give(out, 0, dtype,
       assemble(x.shape[0], weight.has_rank ? weight.shape[0] : kNoSize, slid(windows, space, false), x_last));
}

}  // namespace

void conv(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  convolved(view, out, x, need(view, 1), x.dtype);
}

void conv_integer(const NodeView& view, Out out) { convolved(view, out, need(view, 0), need(view, 1), DType::i32); }

// com.microsoft: channels last, in the weight too.
void nhwc_conv(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  convolved(view, out, x, need(view, 1), x.dtype, true, true);
}

// (x, scale, zero, w, scale, zero, scale, zero of the result, bias)
void qlinear_conv(const NodeView& view, Out out) {
  const bool last = view.node.integer("channels_last", 0) != 0;
  convolved(view, out, need(view, 0), need(view, 3), need(view, 7).dtype, last);
}

namespace {

/// The weight is [C, M / group, ...].
void spread(const NodeView& view, Out out, const Known& x, const Known& weight, DType dtype) {
  if (!x.has_rank) return give_type(out, 0, dtype);
  const auto space = space_of(x, false);
  const Windows windows = windows_of(view, space.size(), spatial_kernel(weight, space.size(), false));
  const Dims added = per_dimension(view, "output_padding", space.size(), 0);
  Dims sizes = view.node.integers("output_shape");
  if (sizes.size() == space.size() + 2) sizes.erase(sizes.begin(), sizes.begin() + 2);
  if (!sizes.empty() && sizes.size() != space.size()) throw Error("output_shape does not name each spatial size");
  for (std::size_t d = sizes.size(); d < space.size(); ++d) {
    if (space[d] < 0) {
      sizes.push_back(kNoSize);
    } else if (windows.same()) {
      sizes.push_back(times(space[d], windows.strides[d]));
    } else {
      sizes.push_back(windows.kernel[d] < 0 ? kNoSize
                                            : narrow((Wide{space[d]} - 1) * windows.strides[d] + added[d] +
                                                     reach(windows, d) - windows.begin[d] - windows.end[d]));
    }
  }
  const std::int64_t channels = weight.has_rank ? times(weight.shape[1], view.node.integer("group", 1)) : kNoSize;
  give(out, 0, dtype, assemble(x.shape[0], channels, std::move(sizes), false));
}

}  // namespace

void conv_transpose(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  spread(view, out, x, need(view, 1), x.dtype);
}

// (x, scale, zero, w, scale, zero, scale, zero of the result, bias)
void qlinear_conv_transpose(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  spread(view, out, x, need(view, 3), view.input(7) ? view.input(7)->dtype : x.dtype);
}

// (input[N, C, L], weight[C, 1, k], bias, state) -> (like input, [N, C, k - 1])
void causal_conv(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& weight = need(view, 1);
  give_like(out, 0, x);
  if (!x.has_rank || x.shape.size() != 3 || !weight.has_rank || weight.shape.size() != 3) return;
  const std::int64_t kernel = weight.shape[2];
  give(out, 1, x.dtype, {x.shape[0], x.shape[1], kernel < 0 ? kNoSize : std::max<std::int64_t>(kernel - 1, 0)});
}

namespace {

void pooled(const NodeView& view, Out out, const Known& x, DType dtype, bool last) {
  if (!x.has_rank) return give_type(out, 0, dtype);
  const auto space = space_of(x, last);
  const Windows windows = windows_of(view, space.size(), Dims(space.begin(), space.end()));
  give(out, 0, dtype,
       assemble(x.shape[0], last ? x.shape.back() : x.shape[1],
                slid(windows, space, view.node.integer("ceil_mode", 0) != 0), last));
}

void pooled_whole(Out out, const Known& x, DType dtype, bool last) {
  if (!x.has_rank) return give_type(out, 0, dtype);
  const std::size_t spatial = space_of(x, last).size();
  give(out, 0, dtype, assemble(x.shape[0], last ? x.shape.back() : x.shape[1], Dims(spatial, 1), last));
}

bool channels_last(const NodeView& view) { return view.node.integer("channels_last", 0) != 0; }

}  // namespace

void pool(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  pooled(view, out, x, x.dtype, false);
  if (out.size() > 1) give_like(out, 1, DType::i64, out[0]);
}

void nhwc_pool(const NodeView& view, Out out) { pooled(view, out, need(view, 0), need(view, 0).dtype, true); }

void qlinear_pool(const NodeView& view, Out out) {
  pooled(view, out, need(view, 0), need(view, 0).dtype, channels_last(view));
}

void global_pool(const NodeView& view, Out out) { pooled_whole(out, need(view, 0), need(view, 0).dtype, false); }

void qlinear_global_pool(const NodeView& view, Out out) {
  pooled_whole(out, need(view, 0), need(view, 0).dtype, channels_last(view));
}

// (pooled, indices, sizes of the result)
void max_unpool(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  if (view.input(2)) {
    const Ints* wanted = elements_of(view.input(2));
    if (!wanted) return give_rank(out, 0, x.dtype, static_cast<std::int64_t>(x.shape.size()));
    Dims sizes;
    for (std::int64_t size : *wanted) sizes.push_back(std::max(size_of(size), kNoSize));
    return give(out, 0, x.dtype, std::move(sizes));
  }
  const auto space = space_of(x, false);
  const Windows windows = windows_of(view, space.size(), Dims(space.size(), kNoSize));
  Dims sizes;
  for (std::size_t d = 0; d < space.size(); ++d) {
    sizes.push_back(space[d] < 0 || windows.kernel[d] < 0
                        ? kNoSize
                        : narrow((Wide{space[d]} - 1) * windows.strides[d] + windows.kernel[d] - windows.begin[d] -
                                 windows.end[d]));
  }
  give(out, 0, x.dtype, assemble(x.shape[0], x.shape[1], std::move(sizes), false));
}

namespace {

void regions(Out out, const Known& x, const Known& boxes, std::int64_t height, std::int64_t width) {
  const std::int64_t channels = x.has_rank && x.shape.size() == 4 ? x.shape[1] : kNoSize;
  const std::int64_t count = boxes.has_rank && !boxes.shape.empty() ? boxes.shape[0] : kNoSize;
  give(out, 0, x.dtype, {count, channels, height, width});
}

}  // namespace

void roi_align(const NodeView& view, Out out) {
  regions(out, need(view, 0), need(view, 1), std::max<std::int64_t>(view.node.integer("output_height", 1), 0),
          std::max<std::int64_t>(view.node.integer("output_width", 1), 0));
}

void max_roi_pool(const NodeView& view, Out out) {
  const Dims sizes = per_dimension(view, "pooled_shape", 2, kNoSize);
  regions(out, need(view, 0), need(view, 1), sizes[0], sizes[1]);
}

}  // namespace thoplw::onnx::infer
