// Nodes of an exported program become operators of a Trace.
#include "load/pt2/graph.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/formatted.h"
#include "load/pt2/composites.h"
#include "load/pt2/higher_order.h"
#include "load/pt2/weights.h"
#include "operators/shape/strides.h"

namespace thoplw::pt2 {
namespace {

constexpr int kDeepest = 200;  ///< graphs in graphs
constexpr std::string_view kOperators = "torch.ops.";

/// Parts of torch.vmap, which exporters leave in the graph: what stands between has the sizes of one slice.
constexpr std::string_view kVmap = "torch._functorch.predispatch.";

/// The layers that are known by one operator with their weight, for graphs whose nodes name no module.
struct Layer {
  std::string_view op, cls;
};
constexpr auto kLayers = std::to_array<Layer>({
    {"aten::conv1d", "torch.nn.modules.conv.Conv1d"},
    {"aten::conv2d", "torch.nn.modules.conv.Conv2d"},
    {"aten::conv3d", "torch.nn.modules.conv.Conv3d"},
    {"aten::embedding", "torch.nn.modules.sparse.Embedding"},
    {"aten::group_norm", "torch.nn.modules.normalization.GroupNorm"},
    {"aten::layer_norm", "torch.nn.modules.normalization.LayerNorm"},
    {"aten::linear", "torch.nn.modules.linear.Linear"},
    {"aten::rms_norm", "torch.nn.modules.normalization.RMSNorm"},
});

/// The attributes that formulas read are flags, texts and lists of integers.
std::optional<AttrValue> attribute(const Tagged& argument) {
  const auto& [tag, value] = argument;
  if (tag == "as_bool") return flag(*value);
  if (tag == "as_int") return integer(*value);
  if (tag == "as_string") return std::string(text(*value));
  if (tag != "as_ints") return std::nullopt;
  Dims numbers;
  for (const Json& item : items(*value)) numbers.push_back(integer(item));
  return numbers;
}

/// "relu_", but not "__and__".
bool is_in_place(std::string_view op) { return op.ends_with('_') && !op.ends_with("__"); }

}  // namespace

Scope::Scope(const Json& graph, TraceBuilder& trace, Sizes& sizes) : graph_(graph), trace_(trace), sizes_(sizes) {
  const auto values = members(member(graph, "tensor_values"));
  values_.reserve(values.MemberCount());
  for (const auto& [name, meta] : values) values_[text(name)].meta = &meta;
}

const Json& Scope::meta(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end() || !found->second.meta) throw Error(formatted("tensor_values lacks '{}'", name));
  return tensor_meta(*found->second.meta);
}

Tensor Scope::tensor(std::string_view name) const {
  const Json& meta = this->meta(name);
  Tensor tensor;
  try {
    tensor.dtype = dtype_of(integer(member(meta, "dtype")));
    for (const Json& size : items_of(meta, "sizes")) tensor.shape.push_back(sizes_.of(size));
  } catch (const Error& error) {
    throw Error(formatted("tensor '{}': {}", name, error.what()));
  }
  return tensor;
}

bool Scope::requires_grad(std::string_view name) const {
  const Json* wanted = find(meta(name), "requires_grad");
  return wanted && flag(*wanted);
}

Id Scope::id(std::string_view name) {
  const auto found = values_.find(name);
  if (found != values_.end() && found->second.id != kNone) return found->second.id;
  const Id id = trace_.add_value(tensor(name));
  values_[name].id = id;
  if (Dims strides = this->strides(name, trace_.value(id)); !strides.empty())
    trace_.set_strides(id, std::move(strides));
  return id;
}

Dims Scope::strides(std::string_view name, const Tensor& tensor) const {
  const Json* written = find(meta(name), "strides");
  if (!written || !written->IsArray() || written->Size() != tensor.shape.size()) return {};
  Strided layout{tensor.dtype, tensor.shape, {}};
  try {
    for (const Json& stride : items(*written)) layout.strides.push_back(sizes_.of(stride));
  } catch (const Error&) {
    return {};  // that depend on data
  }
  return shape::is_contiguous(layout) ? Dims() : layout.strides;
}

std::int64_t Scope::number(const Json& argument) const {
  const auto [tag, value] = tagged(argument);
  if (tag != "as_name") return sizes_.of(argument);
  if (integers_.empty()) {
    for (const auto& [name, size] : members(member(graph_, "sym_int_values"))) integers_.emplace(text(name), &size);
  }
  const auto found = integers_.find(text(*value));
  if (found == integers_.end()) throw Error(formatted("sym_int_values lacks '{}'", text(*value)));
  return sizes_.of(*found->second);
}

void GraphReader::add_owner(Id value, std::string_view module) {
  owners_.emplace(value, module);
  holders_.insert(module);
}

const GraphReader::Target& GraphReader::target_of(std::string_view text) {
  const auto [found, added] = targets_.try_emplace(text);
  Target& target = found->second;
  if (!added) return target;
  if (!text.starts_with(kOperators)) {
    target.python = true;
    target.name = text;
    return target;
  }
  // "torch.ops.aten.conv2d.default"; torch 2.1 has "torch.ops.cond"
  std::string_view rest = text.substr(kOperators.size());
  const std::size_t dot = rest.find('.');
  const std::string_view space = dot == std::string_view::npos ? "higher_order" : rest.substr(0, dot);
  if (dot != std::string_view::npos) rest.remove_prefix(dot + 1);
  const std::string_view name = rest.substr(0, rest.find('.'));
  target.name = part_of(formatted("{}::{}", space, name));
  target.higher_order = space == "higher_order";
  target.in_place = is_in_place(name);
  target.rule = find_rule(target.name);
  return target;
}

void GraphReader::read(Scope& scope, Stack around) {
  if (depth_ == kDeepest) throw Error(formatted("graphs are nested more than {} deep", kDeepest));
  ++depth_;
  const int loops = std::exchange(loops_, 0);
  std::size_t index = 0;
  for (const Json& node : items_of(scope.graph(), "nodes")) {
    try {
      read_node(node, scope, around);
    } catch (const Error& error) {
      const Json* target = node.IsObject() ? find(node, "target") : nullptr;
      throw Error(formatted("node {} ({}): {}", index, target && target->IsString() ? text(*target) : "no target",
                            error.what()));
    }
    ++index;
  }
  for (; loops_ > 0; --loops_) trace_.end_loop();
  loops_ = loops;
  --depth_;
}

void GraphReader::read_node(const Json& json, Scope& scope, Stack around) {
  const std::string_view name = text_of(json, "target");
  const Target& target = target_of(name);
  NewOp op = operator_of(json, target, scope);
  const Stack stack = stack_of(json, op, target, around);
  if (target.higher_order) return HigherOrder(*this, {json, name, scope, stack}).read();
  if (target.python) return read_python({json, name, scope, stack}, std::move(op));
  note_params(op, stack);
  trace_.add_op(stack, std::move(op));
}

NewOp GraphReader::operator_of(const Json& json, const Target& target, Scope& scope) {
  NewOp op;
  op.name = target.name;
  if (target.higher_order) return op;
  for (const Json& input : items_of(json, "inputs")) {
    const Tagged argument = tagged(member(input, "arg"));
    each_tensor(argument, [&](std::string_view name) { op.in.push_back(name.empty() ? kNone : scope.id(name)); });
    if (!target.rule || target.rule->attrs.empty()) continue;
    const std::string_view name = text_of(input, "name");
    if (!reads(*target.rule, name)) continue;
    if (auto value = attribute(argument)) op.attrs.push_back({std::string(name), std::move(*value)});
  }
  while (!op.in.empty() && op.in.back() == kNone) op.in.pop_back();
  add_results(json, target, scope, op);
  return op;
}

/// The result of an operator in place is the tensor that it changed, under another name.
void GraphReader::add_results(const Json& json, const Target& target, Scope& scope, NewOp& op) {
  for (const Json& output : items_of(json, "outputs")) {
    each_tensor(tagged(output), [&](std::string_view name) {
      if (name.empty()) return;
      const Id first = op.in.empty() ? kNone : op.in.front();
      if (target.in_place && op.out.empty() && first != kNone && scope.tensor(name) == trace_.value(first)) {
        scope.bind(name, first);
      }
      op.out.push_back(scope.id(name));
    });
  }
}

/// Arithmetic on sizes is no work. What else makes tensors is not known.
void GraphReader::read_python(const Node& node, NewOp op) {
  if (node.target.starts_with(kVmap)) return read_vmap(node, std::move(op));
  if (!op.out.empty()) trace_.add_op(node.stack, std::move(op));
}

void GraphReader::read_vmap(const Node& node, NewOp op) {
  const std::string_view name = node.target.substr(kVmap.size());
  if (name == "_vmap_increment_nesting") {
    const auto inputs = items_of(node.json, "inputs");
    if (inputs.Empty()) throw Error("no number of slices");
    const Json& slices = member(inputs[0], "arg");
    const Json* symbolic = find(slices, "as_sym_int");
    trace_.begin_loop(node.stack, node.scope.number(symbolic ? *symbolic : slices));
    ++loops_;
  } else if (name == "_vmap_decrement_nesting") {
    if (loops_ == 0) throw Error("no vmap is open");
    trace_.end_loop();
    --loops_;
  } else if (!op.out.empty()) {
    op.name = name == "_add_batch_dim" ? "aten::select" : name == "_remove_batch_dim" ? "aten::stack" : op.name;
    trace_.add_op(node.stack, std::move(op));
  }
}

std::string_view GraphReader::owner_of(const NewOp& op) const {
  std::string_view owner;
  for (Id value : op.in) {
    const auto found = owners_.find(value);
    if (found == owners_.end()) continue;
    if (!owner.empty() && owner != found->second) return {};
    owner = found->second;
  }
  return owner;
}

Stack GraphReader::stack_of(const Json& json, const NewOp& op, const Target& target, Stack around) {
  const Json* metadata = find(json, "metadata");
  const Json* written = metadata ? find(*metadata, "nn_module_stack") : nullptr;
  const Stack stack = written ? stacks_.read(text(*written)) : Stack();
  if (stack.empty()) return depth_ > 1 ? guessed(op, around) : around;
  if (stacks_.keys_tell_calls() || target.python) return stack;
  return stacks_.next_call(stack, mark_of(op, target.rule, stack));
}

/// Branches and bodies of loops that torch traced say no modules; the weight of a layer says which one it is.
Stack GraphReader::guessed(const NewOp& op, Stack around) {
  const auto* layer = std::ranges::find(kLayers, op.name, &Layer::op);
  const std::string_view owner = layer == kLayers.end() ? "" : owner_of(op);
  if (owner.empty()) return around;
  const std::string_view key = texts_.emplace_back(formatted("{}#{}", owner, ++guesses_));
  guessed_.assign(around.begin(), around.end());
  guessed_.push_back({key, owner, layer->cls});
  return guessed_;
}

Mark GraphReader::mark_of(const NewOp& op, const Rule* rule, Stack stack) const {
  for (Id value : op.in) {
    const auto found = owners_.find(value);
    if (found != owners_.end() && found->second == stack.back().path) return {op.name, value};
  }
  const bool works = rule && rule->formula.computes() && !holders_.contains(stack.back().path);
  return works ? Mark{op.name, kNone} : Mark{};
}

void GraphReader::note_params(const NewOp& op, Stack stack) {
  const std::string_view module = stack.empty() ? std::string_view() : stack.back().path;
  for (Id value : op.in) {
    const auto found = owners_.find(value);
    if (found == owners_.end()) continue;
    used_.insert(value);
    if (found->second != module) borrowed_.emplace_back(module, value);
  }
}

}  // namespace thoplw::pt2
