// The table of formats, and how a file finds its row.
#include "load/load.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "load/formats.h"
#include "load/mapped_file.h"

namespace thoplw {
namespace {

constexpr auto kFormats = std::to_array<Format>({
    {"onnx", ".onnx", "a graph in the ONNX format", looks_like_onnx, read_onnx},
    {"pt2", ".pt2", "a program saved by torch.export", looks_like_pt2, read_pt2},
    {"safetensors", ".safetensors", "named weights: parameters without multiply-adds", looks_like_safetensors,
     read_safetensors},
    {"trace", ".trace", "what a model did, as text", looks_like_trace, read_trace},
});

const Format* format_of(const std::string& path, std::string_view bytes) {
  const auto by_suffix =
      std::ranges::find_if(kFormats, [&](const Format& format) { return path.ends_with(format.suffix); });
  if (by_suffix != kFormats.end()) return &*by_suffix;
  const auto by_bytes = std::ranges::find_if(kFormats, [&](const Format& format) { return format.sniff(bytes); });
  return by_bytes == kFormats.end() ? nullptr : &*by_bytes;
}

std::string suffixes() {
  std::string text;
  for (const Format& format : kFormats) text += (text.empty() ? "" : ", ") + std::string(format.suffix);
  return text;
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

bool is_model_file(const std::string& path) {
  if (std::ranges::any_of(kFormats, [&](const Format& format) { return path.ends_with(format.suffix); })) return true;
  std::error_code ignored;
  if (!std::filesystem::is_regular_file(path, ignored) || std::filesystem::is_empty(path, ignored)) return false;
  return format_of(path, MappedFile(path).bytes()) != nullptr;
}

Trace load(const std::string& path, const LoadOptions& options) {
  const MappedFile file(path);
  const Format* format = format_of(path, file.bytes());
  if (!format) throw Error(path + ": no format that is read here; known are " + suffixes());
  try {
    return format->read({path, file.bytes(), [&] { file.forget(); }}, options);
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  } catch (const std::bad_alloc&) {
    throw Error(path + ": more memory is needed than there is; the file may be damaged");
  }
}

}  // namespace thoplw
