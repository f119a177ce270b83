// Binds what memory a forward needs: how it is counted, and the table that tells it.
#include <nanobind/nanobind.h>
#include <nanobind/stl/shared_ptr.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>

#include "python/bindings.h"
#include "python/docs.h"
#include "python/given.h"
#include "python/layer_info.h"
#include "python/measures.h"
#include "python/to_python.h"
#include "python/values.h"
#include "variants/precision.h"

namespace nb = nanobind;
using namespace nb::literals;

namespace thoplw {
namespace {

using Bound = nb::class_<MemoryInfo, LayerInfo>;

/// Throws Error where an argument is not one that `thoplw.memory` takes.
InferenceOptions options_of(nb::dict given) {
  InferenceOptions options;
  for (const auto [key, value] : given) {
    const std::string name = nb::cast<std::string>(key);
    if (name == "lifetimes") options.lifetimes = find_lifetime_policy(given::text(value, "lifetimes"));
    if (name == "precision") options.precision = find_precision(given::text(value, "precision")).name;
    if (name == "captured_so") options.captured_so = nb::cast<bool>(value);
    if (name == "processor") options.flavour.processor = find_processor(given::text(value, "processor"));
    if (name == "attention") options.flavour.attention = find_attention_kernel(given::text(value, "attention"));
    if (name == "round") options.round = given::count(value, "round_to");
  }
  return options;
}

nb::dict by_type(const std::vector<BytesOfType>& types) {
  nb::dict bytes;
  for (const auto& [type, all] : types) bytes[std::string(name(type)).c_str()] = all.value();
  return bytes;
}

/// None where a file tells no operators.
auto of_pass(Count Inference::*member) {
  return [member](const MemoryInfo& info) { return to_int((*info.inference).*member, info.memory() != nullptr); };
}

void bind_bytes(Bound& info) {
  info.def_prop_ro("weights", [](const MemoryInfo& info) { return info.inference->weights.value(); })
      .def_prop_ro("buffers", [](const MemoryInfo& info) { return info.inference->buffers.value(); })
      .def_prop_ro("weights_by_type", [](const MemoryInfo& info) { return by_type(info.inference->weights_by_type); })
      .def_prop_ro("buffers_by_type", [](const MemoryInfo& info) { return by_type(info.inference->buffers_by_type); })
      .def_prop_ro("inputs", of_pass(static_cast<Count Inference::*>(&Inference::inputs)))
      .def_prop_ro("outputs", of_pass(&Inference::outputs))
      .def_prop_ro("activations_peak", of_pass(&Inference::activations_peak));
}

}  // namespace

void bind_memory(nb::module_& m) {
  Bound info(m, "MemoryInfo", kMemoryInfoDoc);
  bind_bytes(info);
  info.def_prop_ro("at_peak", [](const MemoryInfo& info) { return info.inference->at_peak; })
      .def_prop_ro("outlive", [](const MemoryInfo& info) { return info.inference->outlive; })
      .def_prop_ro("moments", [](const MemoryInfo& info) { return info.inference->timeline; })
      .def_prop_ro("lifetimes", [](const MemoryInfo& info) { return std::string(name(info.inference->lifetimes)); })
      .def_prop_ro("peak_exact", [](const MemoryInfo& info) { return info.inference->exact; })
      .def_prop_ro("unknown", [](const MemoryInfo& info) { return to_strs(info.inference->unknown); });
  bind_pickling(
      info, [](const MemoryInfo& info) { return pickled(info); },
      [](nb::handle state) { return MemoryInfo{unpickled(state)}; });
  m.def(
      "count_memory",
      [](std::shared_ptr<const Trace> trace, nb::object convention, nb::dict given) {
        ConventionSource source = source_of(given::text(convention, "convention"));
        InferenceOptions options = options_of(given);
        Report report = count_inference(*trace, *opened(source), options);
        return MemoryInfo{{std::move(report), std::move(trace), std::move(source), {}, {}, std::move(options)}};
      },
      "trace"_a, nb::arg("convention").none(), "options"_a);
}

}  // namespace thoplw
