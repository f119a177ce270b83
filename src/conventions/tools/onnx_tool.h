// What the prices and the parameters of onnx-tool both look at: batch norms, which torch's exporter folds.
#pragma once

#include "conventions/tools/tools.h"

namespace thoplw::tools::onnx_tool {

extern const ParamCount kParams;

/// Of a trace of an ONNX file: there batch norms are folded already, if they can be.
bool is_exported(const OpView& op);

bool is_batch_norm(const OpView& op);

/// Is it a layer that the exporter will fold the next operator, a batch norm, into?
bool takes_in_batch_norm(const OpView& op);

/// The layer that a batch norm will be folded into, or null.
const Op* layer_ahead(const OpView& norm);

}  // namespace thoplw::tools::onnx_tool
