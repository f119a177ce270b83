// The .onnx format.
#include "load/formats.h"

namespace thoplw {

bool looks_like_onnx(std::string_view) { return false; }

Trace read_onnx(const ModelFile&, const LoadOptions&) { throw Error("not read yet"); }

}  // namespace thoplw
