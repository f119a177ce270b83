// Results of Fourier transforms.
#include <string>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {

// [..., n, 1 or 2] -> [..., m, 2], or [..., m, 1] where one side is turned back into a real signal.
void fourier(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!x.has_rank) return give_type(out, 0, x.dtype);
  const bool onesided = view.node.integer("onesided", 0) != 0, inverse = view.node.integer("inverse", 0) != 0;
  std::optional<std::int64_t> axis = view.opset < 20 ? view.node.integer("axis", 1) : -2;
  if (view.input(2)) axis = element_of(view.input(2));
  Dims sizes = x.shape;
  if (sizes.empty()) throw Error("a signal has at least 2 dimensions");
  sizes.back() = onesided && inverse ? 1 : 2;
  if (!axis) return give_rank(out, 0, x.dtype, static_cast<std::int64_t>(sizes.size()));
  std::int64_t& length = sizes[wrap_axis(*axis, sizes.size())];
  if (view.input(1)) {
    const auto wanted = element_of(view.input(1));
    length = wanted && *wanted >= 0 ? *wanted : kNoSize;
  } else if (onesided && inverse && length > 0) {
    length = 2 * (length - 1);
  }
  if (onesided && !inverse && length >= 0) length = length / 2 + 1;
  give(out, 0, x.dtype, std::move(sizes));
}

// (signal[N, length, 1 or 2], step, window, frame length) -> [N, frames, bins, 2]
void short_time_fourier(const NodeView& view, Out out) {
  const Known& signal = need(view, 0);
  const auto step = element_of(view.input(1));
  const Known* window = view.input(2);
  std::int64_t length = signal.has_rank && signal.shape.size() > 1 ? signal.shape[1] : kNoSize, frame = length;
  if (window) frame = window->has_rank && window->shape.size() == 1 ? window->shape[0] : kNoSize;
  if (view.input(3)) frame = element_of(view.input(3)).value_or(kNoSize);
  std::int64_t frames = kNoSize;
  if (step && length >= 0 && frame >= 0) {
    if (*step < 1 || frame > length) throw Error("frames of " + std::to_string(frame) + " do not fit the signal");
    frames = (length - frame) / *step + 1;
  }
  const bool onesided = view.node.integer("onesided", 1) != 0;
  give(out, 0, signal.dtype,
       {signal.has_rank && !signal.shape.empty() ? signal.shape[0] : kNoSize, frames,
        frame < 0  ? kNoSize
        : onesided ? frame / 2 + 1
                   : frame,
        2});
}

}  // namespace thoplw::onnx::infer
