// Finds packed weights: in objects of TorchScript classes, and in tensors of integers.
#include "capture/packed.h"

#include <algorithm>

namespace thoplw::capture {
namespace {

/// torch.ao keeps the biases of a recurrent cell twice: by themselves, and as a copy in each packed matrix.
std::vector<const KnownTensor*> each_once(const std::vector<KnownTensor*>& inside) {
  const bool biases_first = !inside.empty() && inside.front()->layout.dim() == 1;
  std::vector<const KnownTensor*> tensors;
  bool matrix_seen = false;
  for (const KnownTensor* tensor : inside) {
    const bool matrix = tensor->layout.dim() > 1;
    matrix_seen |= matrix;
    if (matrix || !biases_first || !matrix_seen) tensors.push_back(tensor);
  }
  return tensors;
}

/// The layer to which packed weights belong. torch.ao keeps them in modules of their own, which never run, and some of
/// these in a list.
Id layer_of(const Trace& trace, Id id) {
  constexpr std::string_view kHolders[] = {".LinearPackedParams", ".EmbeddingPackedParams", ".PackedParameter"};
  const auto module = [&](Id m) -> const Module& { return trace.modules[static_cast<std::size_t>(m)]; };
  const auto cls = [&](Id m) -> std::string_view {
    return trace.classes[static_cast<std::size_t>(module(m).cls)].name;
  };
  const bool holder = std::ranges::any_of(kHolders, [&](std::string_view name) { return cls(id).ends_with(name); });
  if (!holder || !cls(id).starts_with("torch.ao.") || module(id).parent == kNone) return id;
  id = module(id).parent;
  return cls(id) == "torch.nn.ModuleList" && module(id).parent != kNone ? module(id).parent : id;
}

std::int64_t int_attr(nb::handle module, const char* name) {
  const nb::object value = nb::getattr(module, name, nb::none());
  return PyLong_CheckExact(value.ptr()) ? nb::cast<std::int64_t>(value) : 0;
}

bool names_a_weight(std::string_view name) { return name.ends_with("weight") || name == "W_q"; }

}  // namespace

void add_packed_objects(Pass& pass, PyObject* module, Id id) {
  const nb::object attributes = take(PyObject_GenericGetDict(module, nullptr));
  const Id layer = layer_of(pass.trace, id);
  const auto path_of = [&](Id m) { return pass.trace.modules[static_cast<std::size_t>(m)].path; };
  std::string inside = path_of(id).substr(path_of(layer).size());  // of the layer
  if (!inside.empty()) inside = inside.substr(inside.starts_with('.') ? 1 : 0) + '.';
  PyObject *name = nullptr, *value = nullptr;
  for (Py_ssize_t at = 0; PyDict_Next(attributes.ptr(), &at, &name, &value);) {
    if (!pass.api.is_script_object(value)) continue;
    int count = 0;
    for (const KnownTensor* tensor : each_once(pass.tensors.inside(value))) {
      const std::string path = inside + text_of(name) + '.' + std::to_string(count++);
      pass.trace.params.push_back(
          {.name = path, .module = layer, .value = tensor->value, .buffer = false, .trainable = false});
    }
  }
}

// With bitsandbytes the tensor knows the sizes. With HQQ, GPTQ and AWQ, whose elements hold several weights, the layer
// does.
Dims unpacked_sizes(nb::handle module, std::string_view name, nb::handle tensor) {
  const nb::object shape = nb::getattr(nb::getattr(tensor, "quant_state", nb::none()), "shape", nb::none());
  if (!shape.is_none()) return dims_of(shape.ptr());
  if (!names_a_weight(name)) return {};
  const std::int64_t in = int_attr(module, "in_features"), out = int_attr(module, "out_features");
  return in > 0 && out > 0 ? Dims{out, in} : Dims{};
}

}  // namespace thoplw::capture
