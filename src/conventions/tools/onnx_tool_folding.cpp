// Which batch norms of a model that was not exported yet torch's exporter will fold into the layer ahead.
#include <string_view>

#include "conventions/tools/onnx_tool.h"

namespace thoplw::tools::onnx_tool {
namespace {

/// A convolution, or a linear layer of rows.
bool can_fold(const OpView& op) {
  const std::string_view name = op.trace.op_name(op.op);
  return name.starts_with("aten::conv") || (name == "aten::linear" && op.in(0).shape.size() == 2);
}

/// `layer` and `norm` run one after the other.
bool folds(const OpView& layer, const OpView& norm) {
  return is_batch_norm(norm) && can_fold(layer) && !norm.op.in.empty() && !layer.op.out.empty() &&
         norm.op.in[0] == layer.op.out[0];
}

std::size_t place(const OpView& op) { return static_cast<std::size_t>(&op.op - op.trace.ops.data()); }

}  // namespace

bool is_exported(const OpView& op) { return op.trace.origin == Origin::onnx; }

bool is_batch_norm(const OpView& op) { return op.trace.op_name(op.op) == "aten::batch_norm"; }

bool takes_in_batch_norm(const OpView& op) {
  const std::size_t next = place(op) + 1;
  return !is_exported(op) && next < op.trace.ops.size() && folds(op, {op.trace, op.trace.ops[next]});
}

const Op* layer_ahead(const OpView& op) {
  if (is_exported(op) || place(op) == 0) return nullptr;
  const Op& ahead = op.trace.ops[place(op) - 1];
  return folds({op.trace, ahead}, op) ? &ahead : nullptr;
}

}  // namespace thoplw::tools::onnx_tool
