// Makes modules and weights of adapters.
#include "variants/adapter.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/formatted.h"

namespace thoplw {
namespace {

constexpr std::string_view kConv1D = "transformers.pytorch_utils.Conv1D";

bool is(const Class& cls, std::string_view name) {
  return cls.name == name || std::ranges::find(cls.bases, name) != cls.bases.end();
}

Id class_named(Trace& trace, std::string_view name, std::vector<std::string> bases = {}) {
  const auto found = std::ranges::find(trace.classes, name, &Class::name);
  if (found != trace.classes.end()) return static_cast<Id>(found - trace.classes.begin());
  trace.classes.push_back({std::string(name), std::move(bases)});
  return static_cast<Id>(trace.classes.size()) - 1;
}

/// A module inside of that one: "q_proj" and "lora_A" give "q_proj.lora_A".
Id module_in(Trace& trace, Id parent, std::string_view name, Id cls) {
  const std::string path = at(trace.modules, parent).path + "." + std::string(name);
  trace.modules.push_back({.path = path, .cls = cls, .parent = parent});
  return static_cast<Id>(trace.modules.size()) - 1;
}

/// "lora_A" and, in it, "lora_A.default".
Id default_in(Trace& trace, Id parent, std::string_view name, Id cls) {
  return module_in(trace, module_in(trace, parent, name, class_named(trace, "torch.nn.ModuleDict")), "default", cls);
}

Id weight_of(Trace& trace, Id module, Tensor tensor) {
  const auto value = static_cast<Id>(trace.values.size());
  if (trace.memory.known()) {
    trace.memory.places.push_back({.storage = static_cast<Id>(trace.memory.storages.size()), .strides = {}});
    trace.memory.storages.push_back({.bytes = (numel(tensor) * bits(tensor.dtype)).value() / 8});
  }
  trace.values.push_back(std::move(tensor));
  trace.params.push_back({.name = "weight", .module = module, .value = value, .trainable = true});
  return value;
}

/// The sizes of the weight of a linear layer: out and in.
std::pair<std::int64_t, std::int64_t> sizes_of(const Trace& trace, Id module, Id weight) {
  const Dims& shape = at(trace.values, weight).shape;
  const bool turned = is(trace.class_of(module), kConv1D);
  return turned ? std::pair(shape.back(), shape.front()) : std::pair(shape.front(), shape.back());
}

Id weight_in(const Trace& trace, Id module) {
  const std::string& path = at(trace.modules, module).path;
  const Class& cls = trace.class_of(module);
  if (!is(cls, "torch.nn.Linear") && !is(cls, kConv1D)) {
    throw Error(formatted("lora: {} is a {}; adapters are known for torch.nn.Linear and Conv1D: name others as targets",
                          path, cls.name));
  }
  for (const Param& param : trace.params) {
    if (param.module == module && param.name == "weight" && at(trace.values, param.value).shape.size() == 2) {
      return param.value;
    }
  }
  throw Error(formatted("lora: {} has no weight of its own: name others as targets", path));
}

}  // namespace

Adapter adapted(Trace& trace, Id module, const Lora& lora) {
  const Id weight = weight_in(trace, module);
  const auto [out, in] = sizes_of(trace, module, weight);
  const DType type = at(trace.values, weight).dtype;
  const DType wide = bits(type) < 32 ? DType::f32 : type;  // peft trains adapters in fp32
  const Id linear = class_named(trace, "torch.nn.Linear");
  const Id was = std::exchange(at(trace.modules, module).cls, class_named(trace, "peft.tuners.lora.layer.Linear"));
  Adapter adapter;
  adapter.base = module_in(trace, module, "base_layer", was);
  for (Param& param : trace.params) {
    if (param.module == module) param.module = adapter.base;
  }
  const Id dropout = lora.dropout > 0 ? class_named(trace, "torch.nn.Dropout", {"torch.nn._DropoutNd"})
                                      : class_named(trace, "torch.nn.Identity");
  adapter.dropout = default_in(trace, module, "lora_dropout", dropout);
  adapter.down = default_in(trace, module, "lora_A", linear);
  adapter.down_weight = weight_of(trace, adapter.down, {.dtype = wide, .shape = {lora.rank, in}});
  adapter.up = default_in(trace, module, "lora_B", linear);
  adapter.up_weight = weight_of(trace, adapter.up, {.dtype = wide, .shape = {out, lora.rank}});
  return adapter;
}

}  // namespace thoplw
