// What the names of a file's tensors tell: what quantizers and exporters made of them.
#pragma once

#include <string_view>

namespace thoplw::onnx {

/// What the quantizers of onnxruntime put behind the name of a weight.
constexpr std::string_view kQuantizedEnding = "_quantized";

/// The name of a weight before it was quantized: "fc.weight" of "fc.weight_quantized" and of "fc.weight_Q4G128".
std::string_view name_before(std::string_view name);

/// Does torch's exporter call the result of a folded operator so? "val_37", "embedding_1"
bool is_result_name(std::string_view name);

}  // namespace thoplw::onnx
