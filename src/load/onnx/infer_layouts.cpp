// Results of operators that work in onnxruntime's own layouts: channels in blocks, or behind all other dimensions.
#include <algorithm>

#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {
namespace {

bool is_image(const Known& x) { return x.has_rank && x.shape.size() == 4; }

}  // namespace

/// [N, ..., C] goes in as [N, C, ...], and comes out as before.
void in_channels_last(const NodeView& view, Out out, void (*infer)(const NodeView&, Out)) {
  Known x = need(view, 0);
  if (x.has_rank && x.shape.size() > 2) std::rotate(x.shape.begin() + 1, x.shape.end() - 1, x.shape.end());
  std::vector<const Known*> in(view.in.begin(), view.in.end());
  in[0] = &x;
  std::vector<Known> found(out.size());
  infer({view.node, in, view.opset}, found);
  for (std::size_t i = 0; i < out.size(); ++i) {
    Dims& sizes = found[i].shape;
    if (sizes.size() > 2) std::rotate(sizes.begin() + 1, sizes.begin() + 2, sizes.end());
    give_like(out, i, found[i]);
  }
}

// com.microsoft.nchwc: channels are parted into blocks, and filled up; how many there were is an attribute.
void reorder_output(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!is_image(x)) return give_type(out, 0, x.dtype);
  const std::int64_t channels = view.node.integer("channels", kNoSize);
  const bool last = view.node.integer("channels_last", 0) != 0;
  give(out, 0, x.dtype,
       last ? Dims{x.shape[0], x.shape[2], x.shape[3], channels} : Dims{x.shape[0], channels, x.shape[2], x.shape[3]});
}

void reorder_input(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  if (!is_image(x) || view.node.integer("channels_last", 0) == 0) return give_like(out, 0, x);
  give(out, 0, x.dtype, {x.shape[0], x.shape[3], x.shape[1], x.shape[2]});
}

void nchwc_upsample(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Ints& scales = view.node.integers("scales");
  if (!x.has_rank || scales.size() != x.shape.size()) return give_type(out, 0, x.dtype);
  Dims sizes;
  for (std::size_t d = 0; d < scales.size(); ++d) sizes.push_back(times(x.shape[d], scales[d]));
  give(out, 0, x.dtype, std::move(sizes));
}

}  // namespace thoplw::onnx::infer
