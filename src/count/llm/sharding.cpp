// Follows divided weights through the operators: what is computed with them is divided too, until it is put together.
#include "count/llm/sharding.h"

#include <algorithm>
#include <cctype>

#include "base/formatted.h"
#include "trace/usage.h"

namespace thoplw {
namespace {

/// "layers.3.mlp.experts.7.w1" -> "layers.*.mlp.experts.*.w1", as transformers writes paths in its plans.
std::string with_stars(const std::string& path) {
  std::string text;
  for (std::size_t start = 0; start <= path.size();) {
    const std::size_t end = std::min(path.find('.', start), path.size());
    const std::string_view part = std::string_view(path).substr(start, end - start);
    const bool number =
        !part.empty() && std::ranges::all_of(part, [](unsigned char c) { return std::isdigit(c) != 0; });
    text += (start == 0 ? "" : ".") + (number ? "*" : std::string(part));
    start = end + 1;
  }
  return text;
}

std::string joined(const std::string& path, const std::string& name) { return path.empty() ? name : path + "." + name; }

Count share(Count all, std::uint32_t parts) {
  return (all.value() + parts - 1) / parts;  // of the device that has most
}

}  // namespace

Sharding::Sharding(const LlmPasses& passes, const PassParts& parts, const Split& devices)
    : trace_(passes.trace),
      passes_(passes),
      where_(parts),
      devices_(devices),
      cuts_(trace_.values.size()),
      module_style_(trace_.modules.size(), nullptr),
      split_(trace_.values.size(), false),
      summed_(trace_.values.size(), false),
      stages_(trace_.modules.size(), 0) {
  read_plan();
  find_split_values();
  if (devices_.pipeline > 1) find_stages();
}

std::string Sharding::path_of(Id module) const {
  const std::string& root = at(trace_.modules, where_.root).path;
  const std::string& path = at(trace_.modules, module).path;
  return path.size() <= root.size() ? "" : path.substr(root.size() + 1);
}

const Style* Sharding::style_of(std::string path) {
  path = with_stars(path);
  const std::string* name = nullptr;
  if (devices_.tensor > 1) {
    if (const auto found = passes_.tensor_plan.find(path); found != passes_.tensor_plan.end()) name = &found->second;
  }
  if (devices_.expert > 1) {
    for (const auto& [inside, style] : passes_.expert_plan) {  // a plan for experts takes the place of the other
      if (path.starts_with(inside + ".")) name = nullptr;
    }
    if (const auto found = passes_.expert_plan.find(path); found != passes_.expert_plan.end()) name = &found->second;
  }
  if (!name) return nullptr;
  const Style* style = find_style(*name);
  if (!style) throw Error(formatted("{}: the plan has the style '{}', which is not known here", path, *name));
  return style;
}

void Sharding::read_plan() {
  if (devices_.tensor > 1 && passes_.tensor_plan.empty()) {
    throw Error("transformers has no tensor-parallel plan for this model: leave --tensor-parallel out");
  }
  if (devices_.expert > 1 && passes_.expert_plan.empty()) {
    throw Error("transformers has no expert-parallel plan for this model: leave --expert-parallel out");
  }
  for (std::size_t i = 0; i < trace_.modules.size(); ++i) {
    module_style_[i] = style_of(path_of(static_cast<Id>(i)));
  }
  for (const Param& param : trace_.params) {
    const Style* style = style_of(joined(path_of(param.module), param.name));
    if (!style) style = at(module_style_, param.module);
    if (style) cut(param, *style);
  }
}

void Sharding::cut(const Param& param, const Style& style) {
  const std::size_t rank = at(trace_.values, param.value).shape.size();
  const std::uint32_t parts = style.divided == Divided::experts ? devices_.expert : devices_.tensor;
  if (rank == 0 || style.divided == Divided::no || (style.divided == Divided::columns && rank == 1)) return;
  std::size_t dim = 0;
  // Each device has the sums over its own columns, or the rows that it has of those that are looked up.
  const bool columns_of_sums = style.divided == Divided::columns && style.sent != Sent::parts;
  if (columns_of_sums || style.divided == Divided::first) at(summed_, param.value) = true;
  if (style.divided == Divided::columns) dim = rank - 1;
  if (style.divided == Divided::rows) dim = rank == 1 ? 0 : rank - 2;
  at(cuts_, param.value) = {dim, parts};
}

Count Sharding::elements(Id value) const {
  const Tensor& tensor = at(trace_.values, value);
  const Cut& cut = at(cuts_, value);
  if (cut.parts == 1) return numel(tensor);
  Dims shape = tensor.shape;
  shape[cut.dim] = static_cast<std::int64_t>(share(shape[cut.dim], cut.parts).value());
  return numel(shape);
}

bool Sharding::divides(const Op& op) const {
  return std::ranges::any_of(op.in, [&](Id value) { return value != kNone && at(split_, value); });
}

void Sharding::find_split_values() {
  std::vector<bool> put_together(trace_.values.size(), false);
  for (const Call& call : trace_.calls) {
    const Style* style = at(module_style_, call.module);
    if (!style || style->sent == Sent::nothing) continue;
    for (const Id value : call.out) {
      if (value != kNone) at(put_together, value) = true;
    }
  }
  for (const Param& param : trace_.params) {
    if (is_divided(param.value)) at(split_, param.value) = true;
  }
  for (const Op& op : trace_.ops) {
    if (!divides(op)) continue;
    const bool sums = std::ranges::any_of(op.in, [&](Id value) { return value != kNone && at(summed_, value); });
    for (const Id value : op.out) {
      if (value == kNone || at(put_together, value)) continue;
      at(split_, value) = true;
      at(summed_, value) = sums;
    }
  }
}

Count Sharding::cache_elements(Id value) const {
  const Tensor& tensor = at(trace_.values, value);
  if (!at(split_, value) || tensor.shape.size() < 2) return numel(tensor);
  Dims shape = tensor.shape;
  shape[1] = static_cast<std::int64_t>(share(shape[1], devices_.tensor).value());
  return numel(shape);
}

SentBytes Sharding::sent(const OpRange& pass, std::uint32_t stage, const std::vector<Count>& chosen) const {
  SentBytes sum;
  const auto to_others = [](Count bytes, std::uint32_t devices) { return (bytes * (devices - 1)).value() / devices; };
  for (const Call& call : trace_.calls) {
    if (call.first_op < pass.first_op || call.end_op > pass.end_op) continue;
    if (stage < entries_.size() && call.module == at(entries_, static_cast<Id>(stage))) {
      const Count bytes = share(bytes_of_first(call.in), devices_.tensor);
      sum.ring += bytes;
      sum.least += bytes;
    }
    const Style* style = at(module_style_, call.module);
    if (!style || style->sent == Sent::nothing || at(stages_, call.module) != stage) continue;
    const Count bytes = bytes_of_first(call.out);
    const std::uint32_t devices = style->sent == Sent::tokens ? devices_.expert : devices_.tensor;
    if (style->sent == Sent::tokens && devices_.replicas() > 1) {
      // A token's features go to each of its experts, and come back from each.
      sum.ring += to_others(share(bytes, devices_.tensor) * 2 * at(chosen, call.module), devices);
      continue;
    }
    sum.ring += to_others(bytes * (style->sent == Sent::parts ? 1 : 2), devices);
    sum.least += to_others(bytes, devices);
  }
  return sum;
}

Count Sharding::bytes_of_first(const std::vector<Id>& values) const {
  const std::optional<Tensor> tensor = first_tensor(trace_, values);
  return tensor ? known_bytes(*tensor).value_or(0) : Count(0);
}

/// Layers are the modules of the list with the most parameters. What comes before them is with the first of them, what
/// comes after them with the last.
void Sharding::find_stages() {
  std::vector<Count> inside(trace_.modules.size(), 0);
  for (const Param& param : trace_.params) {
    for (Id module = param.module; module != kNone; module = at(trace_.modules, module).parent) {
      at(inside, module) += numel(at(trace_.values, param.value));
    }
  }
  Id layers = kNone;
  for (std::size_t i = 0; i < trace_.modules.size(); ++i) {
    const auto module = static_cast<Id>(i);
    if (trace_.class_of(module).name != "torch.nn.ModuleList") continue;
    if (layers == kNone || inside[i] > at(inside, layers)) layers = module;
  }
  std::vector<Id> each;
  for (std::size_t i = 0; i < trace_.modules.size(); ++i) {
    if (layers != kNone && trace_.modules[i].parent == layers) each.push_back(static_cast<Id>(i));
  }
  if (each.size() < devices_.pipeline) {
    throw Error(formatted("a pipeline of {} needs that many layers, and there are {}: give a smaller --pipeline",
                          devices_.pipeline, each.size()));
  }
  const Usage usage = find_usage(trace_);
  const Id first = at(usage.first_call, each.front());
  const std::uint32_t last_stage = devices_.pipeline - 1;
  std::vector<bool> settled(trace_.modules.size(), false);
  for (std::size_t i = 0; i < trace_.modules.size(); ++i) {
    const auto call = at(usage.first_call, static_cast<Id>(i));
    stages_[i] = call == kNone || call < first ? 0 : last_stage;
  }
  for (std::size_t i = 0; i < each.size(); ++i) {
    const auto stage = static_cast<std::uint32_t>(i * devices_.pipeline / each.size());
    if (stage > entries_.size()) entries_.push_back(each[i]);
    at(stages_, each[i]) = stage;
    at(settled, each[i]) = true;
  }
  for (std::size_t i = 1; i < trace_.modules.size(); ++i) {
    const Id parent = trace_.modules[i].parent;
    if (!settled[i] && at(settled, parent)) {
      stages_[i] = at(stages_, parent);
      settled[i] = true;
    }
  }
}

}  // namespace thoplw
