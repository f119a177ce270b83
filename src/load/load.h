// Opens model files without Python or torch: each format a row of one table.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/file_bytes.h"
#include "trace/trace.h"

namespace thoplw {

struct LoadOptions {
  /// Sizes of symbolic dimensions, by their name in the file ("batch", "s77") or by place ("x.0": input x, first
  /// dimension). Those that are not named are what the exporter saw. Of an ONNX file also the values of inputs of one
  /// integer or bool, by their name ("sr").
  std::vector<std::pair<std::string, std::int64_t>> dims;
};

/// A size that a file leaves open.
struct SymbolicSize {
  std::string name;                    ///< as LoadOptions::dims take it: "batch", "s77"; else its place
  std::string place;                   ///< of an input, where it stands by itself: "x.0"; empty: nowhere
  std::int64_t least = 1;              ///< that the file is for
  std::optional<std::int64_t> most{};  ///< none: any size
  bool operator==(const SymbolicSize&) const = default;
};

/// A model file at hand.
struct ModelFile {
  std::string path;
  std::string_view bytes;
  Need need = [](std::string_view) {};  ///< reads what a format looks at: of its weights, nothing
};

struct Format {
  std::string_view name;
  std::string_view suffix;  ///< ".pt2"
  std::string_view doc;
  bool (*sniff)(std::string_view bytes);  ///< do the first bytes look like it?
  Trace (*read)(const ModelFile& file, const LoadOptions& options);
  std::vector<SymbolicSize> (*sizes)(const ModelFile& file) = nullptr;  ///< null: all are fixed
};

std::span<const Format> formats();

/// Is it for load() to open, or to refuse: a file that is there, or a name with the suffix of some kind of model file?
bool is_model_file(const std::string& path);
/// Is it the name of a file that holds a report, for read_report()?
bool is_saved_report(const std::string& path);

/// Throws Error("<path>: where, what, and the cure").
Trace load(const std::string& path, const LoadOptions& options = {});

/// Those of the file's inputs, in their order. Throws Error as load() does.
std::vector<SymbolicSize> symbolic_sizes(const std::string& path);

}  // namespace thoplw
