// What onnx-tool counts as parameters: what its nodes read, each tensor once, those without dimensions left out.
#include <algorithm>
#include <set>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "conventions/tools/onnx_tool.h"

namespace thoplw::tools::onnx_tool {
namespace {

/// Nodes that it neither lists nor counts.
constexpr std::string_view kHidden[] = {
    "aten::_shape_as_tensor", "aten::_to_copy", "aten::alias",   "aten::cat",   "aten::embedding", "aten::full",
    "aten::index_select",     "aten::pad",      "aten::reshape", "aten::slice", "aten::squeeze",   "aten::unsqueeze",
};

bool is_read(const OpView& op, std::size_t input) {
  if (std::ranges::find(kHidden, op.trace.op_name(op.op)) != std::end(kHidden)) return false;
  const Op* ahead = is_batch_norm(op) ? layer_ahead(op) : nullptr;
  constexpr std::size_t kBias = 2;  // which the layer gets, unless it has one
  return !ahead || (input == kBias && !OpView{op.trace, *ahead}.has_in(kBias));
}

/// The module that a parameter counts for, by value; kNone for what is none.
std::vector<Id> modules_of_values(const Trace& trace) {
  std::vector<Id> modules(trace.values.size(), kNone);
  for (const Param& param : trace.params) {
    Id& module = at(modules, param.value);
    if (module == kNone) module = param.module;
  }
  return modules;
}

/// Pairs of a number and how many elements the constant of that number has.
const Dims* constants_of(const OpView& op) {
  const AttrValue* constants = op.attr("constants");
  return constants ? std::get_if<Dims>(constants) : nullptr;
}

std::vector<Count> by_module(const ParamView& view) {
  const Trace& trace = view.trace;
  std::vector<Count> elements(trace.modules.size());
  std::vector<Id> modules = modules_of_values(trace);
  std::set<std::int64_t> seen;
  const auto add = [&](Id module, Count size) { at(elements, row_of(trace, view.usage, module)) += size; };
  for (const Op& op : trace.ops) {
    for (std::size_t i = 0; i < op.in.size(); ++i) {
      if (op.in[i] == kNone) continue;
      Id& module = at(modules, op.in[i]);
      const Tensor& tensor = at(trace.values, op.in[i]);
      if (module == kNone || tensor.shape.empty() || !is_read({trace, op}, i)) continue;
      add(std::exchange(module, kNone), numel(tensor));
    }
    const Dims* constants = constants_of({trace, op});
    if (!constants || !is_read({trace, op}, op.in.size())) continue;
    const Id module = op.call == kNone ? 0 : at(trace.calls, op.call).module;
    for (std::size_t i = 0; i + 1 < constants->size(); i += 2) {
      if (seen.insert((*constants)[i]).second) add(module, (*constants)[i + 1]);
    }
  }
  return elements;
}

}  // namespace

constinit const ParamCount kParams = {
    "all that operators read, also buffers and the constants of a file. Each counts once", by_module};

}  // namespace thoplw::tools::onnx_tool
