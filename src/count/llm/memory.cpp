// Weights and the cache: what the whole model has, and what the device with the most has.
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "count/active_params.h"
#include "count/llm/on_devices.h"

namespace thoplw {
namespace {

int bits_of(NumberType type) { return number_types()[static_cast<std::size_t>(type)].bits; }

/// Keys and values, as transformers names them. States of other layers are kept in a type of their own.
bool is_of_attention(const std::string& name) { return name.ends_with("keys") || name.ends_with("values"); }

Count grown(Count from, Count to) { return to > from ? to - from : Count(0); }

/// By value, for those of the cache: the stage whose operator made it.
std::map<Id, std::uint32_t> stages_of_cache(const OnDevices& model) {
  std::map<Id, std::uint32_t> stages;
  for (const std::vector<Id>* values : {&model.parts.before, &model.parts.added}) {
    for (const Id value : *values) stages[value] = 0;
  }
  for (const Op& op : model.passes.trace.ops) {
    for (const Id value : op.out) {
      if (const auto found = stages.find(value); found != stages.end()) found->second = model.sharding.stage_of_op(op);
    }
  }
  return stages;
}

}  // namespace

Count bytes_of(Count elements, int bits) { return ((elements * bits).value() + 7) / 8; }

Count most(const std::vector<Count>& by_stage) { return *std::ranges::max_element(by_stage); }

OnDevices::OnDevices(const LlmPasses& of_passes, const LlmPlan& of_plan)
    : passes(of_passes),
      plan(of_plan),
      parts(parts_of(of_passes)),
      sharding(of_passes, parts, of_plan.split),
      stages(of_plan.split.pipeline),
      sequences(sequences_at_once(of_plan)),
      groups(of_plan.batch / of_plan.split.replicas() / sequences),
      active(active_elements(of_passes.trace)) {}

DType OnDevices::compute_type() const {
  for (const Param& param : passes.trace.params) {
    if (!param.buffer && tensor(param.value).shape.size() >= 2) return tensor(param.value).dtype;
  }
  return DType::f32;
}

int OnDevices::bits_of_weight(Id value) const {
  const bool stored_so = plan.dtype && is_floating(tensor(value).dtype) && tensor(value).shape.size() >= 2;
  return stored_so ? bits_of(*plan.dtype) : bits(tensor(value).dtype);
}

int OnDevices::bits_of_cache(std::size_t part) const {
  const DType type = tensor(at(parts.before, static_cast<Id>(part))).dtype;
  const bool stored_so = plan.kv_dtype && is_floating(type) && is_of_attention(passes.cache[part]);
  return stored_so ? bits_of(*plan.kv_dtype) : bits(type);
}

// Tied weights are there once in each stage that has them.
std::vector<Count> count_weights(const OnDevices& model, Llm& llm) {
  const Trace& trace = model.passes.trace;
  std::set<Id> met;
  std::set<std::pair<std::uint32_t, Id>> met_in_stage;
  std::vector<Count> elements(model.stages), bytes(model.stages), replicated(model.stages);
  for (std::size_t i = 0; i < trace.params.size(); ++i) {
    const Param& param = trace.params[i];
    const Count all = numel(model.tensor(param.value)), one = model.sharding.elements(param.value);
    const int bits = model.bits_of_weight(param.value);
    if (met.insert(param.value).second) {
      if (!param.buffer) llm.parameters.whole += all;
      if (!param.buffer) llm.active += model.active[i];
      llm.weights.whole += bytes_of(all, bits);
    }
    const std::uint32_t stage = model.sharding.stage_of_module(param.module);
    if (!met_in_stage.insert({stage, param.value}).second) continue;
    if (!param.buffer) elements[stage] += one;
    bytes[stage] += bytes_of(one, bits);
    if (!model.sharding.is_divided(param.value)) replicated[stage] += bytes_of(one, bits);
  }
  llm.parameters.device = most(elements);
  llm.weights.device = most(bytes);
  if (model.plan.split.tensor > 1) llm.replicated = most(replicated);
  return bytes;
}

CacheByStage count_cache(const OnDevices& model, Llm& llm) {
  CacheByStage cache{std::vector<Count>(model.stages), std::vector<Count>(model.stages)};
  const std::map<Id, std::uint32_t> stages = stages_of_cache(model);
  const Count replicas = model.plan.split.replicas(), groups = model.groups;
  const auto sequences = static_cast<std::uint64_t>(model.sequences);
  for (std::size_t i = 0; i < model.parts.before.size(); ++i) {
    const Id value = model.parts.before[i], next = model.parts.after[i];
    const int bits = model.bits_of_cache(i);
    const Count all = bytes_of(numel(model.tensor(value)), bits);
    const Count one = bytes_of(model.sharding.cache_elements(value), bits);
    const Count all_grow = grown(all, bytes_of(numel(model.tensor(next)), bits));
    const Count one_grows = grown(one, bytes_of(model.sharding.cache_elements(next), bits));
    const std::uint32_t stage = stages.at(value);
    cache.bytes[stage] += one;
    cache.grows[stage] += one_grows;
    llm.parts.push_back({model.passes.cache[i],
                         {all * groups * replicas, one * groups},
                         {all_grow.value() / sequences, one_grows.value() / sequences}});
    llm.cache.whole += llm.parts.back().bytes.whole;
    llm.grows.whole += llm.parts.back().grows.whole;
  }
  for (const Id value : model.parts.added) {
    const int width = bits(model.tensor(value).dtype);
    cache.grows[stages.at(value)] += bytes_of(model.sharding.cache_elements(value), width);
    llm.grows.whole += bytes_of(numel(model.tensor(value)), width).value() / sequences;
  }
  llm.cache.device = most(cache.bytes) * groups;
  llm.grows.device = most(cache.grows).value() / sequences;
  return cache;
}

}  // namespace thoplw
