// The table of formats, and how a file finds its row.
#include "load/load.h"

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/path.h"
#include "load/foreign.h"
#include "load/formats.h"

namespace thoplw {
namespace {

constexpr auto kFormats = std::to_array<Format>({
    {"onnx", ".onnx", "a graph in the ONNX format", looks_like_onnx, read_onnx, onnx_sizes},
    {"pt2", ".pt2", "a program saved by torch.export", looks_like_pt2, read_pt2, pt2_sizes},
    {"safetensors", ".safetensors", "named weights: parameters without multiply-adds", looks_like_safetensors,
     read_safetensors},
    {"safetensors.index.json", ".safetensors.index.json", "the index of named weights in several files",
     looks_like_safetensors_index, read_safetensors_index},
    {"trace", ".trace", "what a model did, as text", looks_like_trace, read_trace},
});

constexpr std::size_t kFirstBytes = 65536;  ///< that tell what a file is
constexpr std::size_t kDrive = 2;           ///< "C:" is no place that models come from

const Format* by_suffix(const std::string& path) {
  const auto row = std::ranges::find_if(kFormats, [&](const Format& format) { return path.ends_with(format.suffix); });
  return row == kFormats.end() ? nullptr : &*row;
}

std::string suffixes() {
  std::string text;
  for (const Format& format : kFormats) text += (text.empty() ? "" : ", ") + std::string(format.suffix);
  return text;
}

/// Throws Error where the file is of unknown format.
const Format& format_of(const std::string& path, std::string_view bytes) {
  const Format* named = by_suffix(path);
  if (named && named->sniff(bytes)) return *named;
  if (const std::string what = foreign_by_content(bytes); !what.empty()) throw Error("this is " + what);
  if (named) return *named;
  const auto seen = std::ranges::find_if(kFormats, [&](const Format& format) { return format.sniff(bytes); });
  if (seen != kFormats.end()) return *seen;
  if (path.ends_with(".py")) throw Error("this is " + python_file(path, bytes.substr(0, kFirstBytes)));
  if (const std::string what = foreign_by_suffix(path); !what.empty()) throw Error("this is " + what);
  throw Error("unknown format; known are " + suffixes());
}

/// What `read` makes of the file by its row of the table.
template <typename Read>
auto opened(const std::string& path, const Read& read) {
  std::error_code ignored;
  if (std::filesystem::is_directory(to_path(path), ignored)) {
    if (const std::string what = foreign_by_suffix(path); !what.empty()) throw Error(path + ": this is " + what);
  }
  FileBytes file(path);
  try {
    file.need(file.bytes().substr(0, kFirstBytes));
    const Format& format = format_of(path, file.bytes());
    return read(format, ModelFile{path, file.bytes(), [&](std::string_view part) { file.need(part); }});
  } catch (const Error& error) {
    throw Error(path + ": " + error.what());
  } catch (const std::length_error&) {
    throw Error(path + ": more memory is needed than there can be; the file is damaged");
  } catch (const std::bad_alloc&) {
    throw Error(path + ": more memory is needed than there is; the file may be damaged");
  }
}

}  // namespace

std::span<const Format> formats() { return kFormats; }

bool is_model_file(const std::string& path) {
  std::error_code ignored;
  return by_suffix(path) || !foreign_by_suffix(path).empty() || std::filesystem::exists(to_path(path), ignored);
}

// "transformers:config.json" is a model. An index may have a variant in its name: ".safetensors.index.fp16.json".
bool is_saved_report(const std::string& path) {
  std::error_code ignored;
  return path.ends_with(".json") && path.find(".safetensors.index.") == std::string::npos &&
         (path.find(':', kDrive) == std::string::npos || std::filesystem::is_regular_file(to_path(path), ignored));
}

Trace load(const std::string& path, const LoadOptions& options) {
  return opened(path, [&](const Format& format, const ModelFile& file) { return format.read(file, options); });
}

std::vector<SymbolicSize> symbolic_sizes(const std::string& path) {
  return opened(path, [](const Format& format, const ModelFile& file) {
    return format.sizes ? format.sizes(file) : std::vector<SymbolicSize>();
  });
}

}  // namespace thoplw
