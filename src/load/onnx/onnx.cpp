// The .onnx format.
#include <algorithm>

#include "base/path.h"
#include "load/formats.h"
#include "load/onnx/graph.h"
#include "load/onnx/model.h"

namespace thoplw {
namespace {

using namespace onnx;

/// "onnx, opset 20, pytorch 2.13.0"
std::string source_of(const Model& model) {
  std::string source = "onnx";
  for (const auto& [domain, version] : model.opsets) {
    if (domain.empty()) source += ", opset " + std::to_string(version);
  }
  if (!model.producer.empty()) source += ", " + std::string(model.producer);
  if (!model.producer_version.empty()) source += " " + std::string(model.producer_version);
  return source;
}

/// The class of the root; else the name of the graph, if it says anything, or of the file.
std::string name_of(const Model& model, const Scopes& scopes, const std::string& path) {
  const std::string_view cls = scopes.root_class();
  if (!cls.empty()) return std::string(cls.substr(cls.rfind('.') + 1));
  constexpr std::string_view kSayNothing[] = {"", "main_graph", "torch_jit", "torch-jit-export", "graph"};
  const std::string_view name = model.graph.name;
  if (std::ranges::find(kSayNothing, name) == std::end(kSayNothing)) return std::string(name);
  return to_text(to_path(path).stem());
}

struct Names {
  std::string model, source;
};

/// Adds all that the file has; its records are gone when the trace is finished, which takes as much memory again.
Names add_all(const ModelFile& file, const LoadOptions& options, TraceBuilder& trace) {
  const Model model = onnx::parse(file.bytes, file.need);
  const Sizes sizes(model.graph, options);
  Scopes scopes(model);
  Follower(model, sizes, scopes, trace).follow();
  for (const std::string& note : sizes.notes()) trace.add_note(note);
  if (scopes.guessed())
    trace.add_note("the file names no classes: those of its modules are inferred from what they do");
  return {name_of(model, scopes, file.path), source_of(model)};
}

}  // namespace

bool looks_like_onnx(std::string_view bytes) { return onnx::looks_like_model(bytes); }

Trace read_onnx(const ModelFile& file, const LoadOptions& options) {
  TraceBuilder trace;
  Names names = add_all(file, options, trace);
  return std::move(trace).finish(std::move(names.model), Origin::onnx, std::move(names.source));
}

std::vector<SymbolicSize> onnx_sizes(const ModelFile& file) {
  const Model model = onnx::parse(file.bytes, file.need);
  return open_sizes(model.graph);
}

}  // namespace thoplw
