// The .safetensors format: named weights. It does not say what is computed with them.
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "base/formatted.h"
#include "base/path.h"
#include "load/build/trace_builder.h"
#include "load/formats.h"
#include "load/safetensors/header.h"
#include "load/safetensors/packed.h"

namespace thoplw {
namespace safetensors {
namespace {

/// What torch's norms keep beside their parameters. The file does not tell the two apart.
constexpr std::array<std::string_view, 3> kBuffers = {"running_mean", "running_var", "num_batches_tracked"};

Tensor counted(const Stored& stored) {
  return stored.packed ? Tensor{.dtype = DType::bits, .shape = {*stored.packed}, .stored = -1} : stored.tensor;
}

/// Every tensor has a row of its own, in the module that its name says.
void add_row(std::string_view name, const Stored& stored, Id value, TraceBuilder& builder) {
  const Tensor& tensor = stored.tensor;
  const std::string cls = formatted("{}[{}]", thoplw::name(tensor.dtype), fmt::join(tensor.shape, ","));
  const Frame frame{name, name, cls};
  const bool buffer =
      !stored.parameter || std::ranges::find(kBuffers, name.substr(name.rfind('.') + 1)) != kBuffers.end();
  builder.add_param(std::string(name) + ".data", value, buffer, !buffer);
  builder.add_op({&frame, 1}, {.name = "safetensors::tensor", .in = {value}, .out = {}, .attrs = {}});
}

}  // namespace

Trace trace_of(Weights weights, const std::string& path) {
  TraceBuilder builder;
  const std::vector<std::string> notes = unpack(weights);
  for (const Stored& stored : weights.tensors) {
    add_row(stored.name, stored, builder.add_value(counted(stored)), builder);
  }
  for (const auto& [alias, name] : weights.aliases) {
    const auto stored = weights.by_name.find(name);
    if (stored == weights.by_name.end()) continue;
    if (weights.by_name.emplace(alias, stored->second).second) {
      // Values are in the order of the tensors.
      add_row(alias, weights.tensors[stored->second], static_cast<Id>(stored->second), builder);
    }
  }
  builder.add_op({}, {.name = "safetensors::forward", .in = {}, .out = {}, .attrs = {}});  // unknown is never 0
  builder.add_note("weights only: the file has parameters, but says nothing of what is computed with them");
  for (const std::string& note : notes) builder.add_note(note);
  const std::string name = to_text(to_path(path).filename());
  return std::move(builder).finish(name.substr(0, name.find('.')), Origin::safetensors, "safetensors");
}

}  // namespace safetensors

Trace read_safetensors(const ModelFile& file, const LoadOptions& options) {
  if (!options.dims.empty()) throw Error("weights have no symbolic sizes: leave --dim out");
  safetensors::Weights weights;
  read_header(file, weights);
  return trace_of(std::move(weights), file.path);
}

}  // namespace thoplw
