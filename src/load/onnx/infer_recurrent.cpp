// Results of recurrent layers: all hidden states, the last ones, and the last cells.
#include "load/onnx/infer.h"

namespace thoplw::onnx::infer {

// (x[T, N, in], w[directions, gates x H, in], r[directions, gates x H, H], ...); with layout 1 the batch comes first.
void recurrent(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const Known& states = need(view, 2);
  const std::int64_t directions = view.node.text("direction", "forward") == "bidirectional" ? 2 : 1;
  const bool batch_first = view.node.integer("layout", 0) != 0;
  std::int64_t hidden = view.node.integer("hidden_size", kNoSize);
  if (states.has_rank && states.shape.size() == 3) hidden = same_size(hidden, states.shape[2]);
  std::int64_t steps = kNoSize, batch = kNoSize;
  if (x.has_rank) {
    if (x.shape.size() != 3) throw Error("an input of 3 dimensions is needed");
    steps = x.shape[batch_first ? 1 : 0];
    batch = x.shape[batch_first ? 0 : 1];
  }
  give(out, 0, x.dtype, batch_first ? Dims{batch, steps, directions, hidden} : Dims{steps, directions, batch, hidden});
  for (std::size_t i = 1; i < out.size(); ++i) {
    give(out, i, x.dtype, batch_first ? Dims{batch, directions, hidden} : Dims{directions, batch, hidden});
  }
}

// com.microsoft: the weights are transposed, r[directions, H, gates x H].
void quantized_recurrent(const NodeView& view, Out out) {
  const Known& x = need(view, 0);
  const std::int64_t directions = view.node.text("direction", "forward") == "bidirectional" ? 2 : 1;
  std::int64_t hidden = view.node.integer("hidden_size", kNoSize), steps = kNoSize, batch = kNoSize;
  if (x.has_rank && x.shape.size() == 3) {
    steps = x.shape[0];
    batch = x.shape[1];
  }
  give(out, 0, x.dtype, {steps, directions, batch, hidden});
  for (std::size_t i = 1; i < out.size(); ++i) give(out, i, x.dtype, {directions, batch, hidden});
}

}  // namespace thoplw::onnx::infer
