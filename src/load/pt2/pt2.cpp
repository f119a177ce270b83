// The .pt2 format: a zip archive of torch.export, of which the program and the list of its weights are read.

#include <algorithm>

#include "base/error.h"
#include "base/formatted.h"
#include "load/file/zip.h"
#include "load/formats.h"
#include "load/pt2/program.h"

namespace thoplw {
namespace {

constexpr std::string_view kCure = "save the model with torch.export.save(torch.export.export(model, inputs), path)";

/// What else is in zip archives, by the end or the beginning of a part of an entry's name.
struct Other {
  std::string_view part;
  std::string_view what;
  std::string_view cure = kCure;
};
constexpr Other kOthers[] = {
    {"data/aotinductor/", "a package of compiled code (AOTInductor), which does not hold the program"},
    {"constants.pkl", "a TorchScript archive (torch.jit.save), which is not read here",
     "count it in Python, thoplw.profile(torch.jit.load(path), (1, 3, 224, 224)), or export the model as .pt2"},
    {"data.pkl", "saved by torch.save: weights or pickled objects, without the program",
     "count the model in Python, thoplw path/to/file.py:callable, save it with torch.export.save, or its weights as "
     ".safetensors"},
    {"model.weights.h5", "a Keras model, which is not read here",
     "export it as ONNX: model.export(\"model.onnx\", format=\"onnx\")"},
    {".npy", "NumPy arrays, which are not read here", "save them as .safetensors, or count the model they belong to"},
};

/// "net/models/model.json": root "net/", model "model".
struct Found {
  const ZipArchive::Entry* entry = nullptr;
  std::string root, model;
};

[[noreturn]] void no_program(const ZipArchive& archive) {
  for (const auto& [part, what, cure] : kOthers) {
    for (const ZipArchive::Entry& entry : archive.entries()) {
      if (entry.name.find(part) != std::string::npos) throw Error(formatted("{}; {}", what, cure));
    }
  }
  throw Error(formatted("a zip archive without models/model.json; {}", kCure));
}

/// Since torch 2.8 programs are at <root>/models/<name>.json; before, one was at the top.
Found find_program(const ZipArchive& archive) {
  constexpr std::string_view kFolder = "models/", kSuffix = ".json", kFlat = "serialized_exported_program.json";
  std::vector<Found> found;
  for (const ZipArchive::Entry& entry : archive.entries()) {
    const std::string& name = entry.name;
    if (name.ends_with(kFlat)) return {&entry, name.substr(0, name.size() - kFlat.size()), ""};
    const std::size_t folder = name.rfind(kFolder);
    if (folder == std::string::npos || !name.ends_with(kSuffix) || (folder > 0 && name[folder - 1] != '/')) continue;
    const std::size_t begin = folder + kFolder.size();
    if (name.find('/', begin) != std::string::npos || begin + kSuffix.size() > name.size()) continue;
    found.push_back({&entry, name.substr(0, folder), name.substr(begin, name.size() - kSuffix.size() - begin)});
  }
  if (found.size() == 1) return found.front();
  const auto main = std::ranges::find(found, "model", &Found::model);
  if (main != found.end()) return *main;
  if (found.empty()) no_program(archive);
  throw Error(formatted("{} programs, none of them called 'model': which one is meant? save it alone", found.size()));
}

std::string stem(const std::string& path) {
  const std::string name = path.substr(path.find_last_of("/\\") + 1);
  return name.substr(0, name.rfind('.'));
}

}  // namespace

bool looks_like_pt2(std::string_view bytes) { return bytes.starts_with("PK\x03\x04"); }

Trace read_pt2(const ModelFile& file, const LoadOptions& options) {
  const ZipArchive archive(file.bytes, file.need);
  const Found found = find_program(archive);
  const std::vector<pt2::Stored> weights = pt2::stored_weights(archive, found.root, found.model);
  std::string json = archive.read(*found.entry);
  try {
    return pt2::read_program(std::move(json), weights, options, stem(file.path));
  } catch (const Error& error) {
    throw Error(formatted("{}: {}", found.entry->name, error.what()));
  }
}

std::vector<SymbolicSize> pt2_sizes(const ModelFile& file) {
  const ZipArchive archive(file.bytes, file.need);
  return pt2::program_sizes(archive.read(*find_program(archive).entry));
}

}  // namespace thoplw
