// The readers behind the table of formats, one file each.
#pragma once

#include "load/load.h"

namespace thoplw {

bool looks_like_onnx(std::string_view bytes);
bool looks_like_pt2(std::string_view bytes);
bool looks_like_safetensors(std::string_view bytes);
bool looks_like_safetensors_index(std::string_view bytes);
bool looks_like_trace(std::string_view bytes);

Trace read_onnx(const ModelFile& file, const LoadOptions& options);
Trace read_pt2(const ModelFile& file, const LoadOptions& options);
std::vector<SymbolicSize> onnx_sizes(const ModelFile& file);
std::vector<SymbolicSize> pt2_sizes(const ModelFile& file);
Trace read_safetensors(const ModelFile& file, const LoadOptions& options);
Trace read_safetensors_index(const ModelFile& file, const LoadOptions& options);
Trace read_trace(const ModelFile& file, const LoadOptions& options);

}  // namespace thoplw
