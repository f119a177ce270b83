// Counts a language model at one batch and context, and looks for the largest of either.
#include "count/llm/llm.h"

#include <algorithm>

#include "base/formatted.h"
#include "count/llm/largest.h"
#include "count/llm/on_devices.h"

namespace thoplw {
namespace {

constexpr std::int64_t kMostBatch = 1 << 20, kMostContext = 1 << 24;

void check(const LlmPlan& plan) {
  const Split& split = plan.split;
  const std::uint32_t together = split.tensor * split.pipeline;
  if (split.devices() % together != 0) {
    throw Error(
        formatted("{} devices cannot be divided into groups of {} for tensors times {} for the pipeline: give "
                  "a --count that is a multiple of {}",
                  split.devices(), split.tensor, split.pipeline, together));
  }
  const std::uint32_t most_experts = split.tensor * split.replicas();
  if (most_experts % split.expert != 0) {
    throw Error(
        formatted("experts can be shared by {} devices, or by a number that divides it, not by {}: change "
                  "--expert-parallel or --count",
                  most_experts, split.expert));
  }
  if (plan.batch % split.replicas() != 0) {
    throw Error(
        formatted("a batch of {} cannot be divided among {} replicas of the model: give a --batch that is a "
                  "multiple of {}, or a smaller --count",
                  plan.batch, split.replicas(), split.replicas()));
  }
}

LlmPlan with(LlmPlan plan, std::int64_t batch, std::int64_t context) {
  plan.batch = batch;
  plan.context = context;
  return plan;
}

/// "f16" -> "fp16".
std::string as_number_type(std::string_view dtype) {
  return dtype.starts_with('f') ? "fp" + std::string(dtype.substr(1)) : std::string(dtype);
}

Llm asked(const LlmPasses& passes, const LlmPlan& plan, const OnDevices& model) {
  const std::string& name = passes.trace.class_of(model.parts.root).name;
  Llm llm;
  llm.model = name.substr(name.rfind('.') + 1);
  llm.context = plan.context;
  llm.batch = plan.batch;
  llm.positions = passes.positions;
  llm.split = plan.split;
  llm.dtype = plan.dtype ? std::string(thoplw::name(*plan.dtype)) : as_number_type(thoplw::name(model.compute_type()));
  if (plan.kv_dtype) llm.kv_dtype = thoplw::name(*plan.kv_dtype);
  if (plan.device) llm.device = plan.device->title;
  llm.memory = plan.memory.value_or(plan.device ? Count(plan.device->memory) : Count(0));
  llm.notes = passes.trace.notes;
  return llm;
}

/// Does the forward take operators of their own for each token? Then a long prompt takes long to run, too.
bool loops_over_tokens(const LlmPasses& passes, const LlmPlan& plan) {
  const PassParts parts = parts_of(passes);
  const auto ops = [](const OpRange& pass) { return static_cast<std::int64_t>(pass.end_op - pass.first_op); };
  return ops(parts.prefill) > ops(parts.decode) + plan.context;
}

/// By what a sequence has in the cache, and what a token adds to it.
void extrapolate(Llm& llm) {
  const std::int64_t replicas = llm.split.replicas(), of_replica = llm.batch / replicas;
  const std::uint64_t room = (llm.memory - llm.weights.device).value(), cache = llm.cache.device.value();
  const std::uint64_t all_grow = (llm.grows.device * of_replica).value();
  const auto most = static_cast<std::uint64_t>(kMostBatch), longest = static_cast<std::uint64_t>(kMostContext);
  const std::uint64_t sequences = cache == 0 ? most : (Count(room) * of_replica).value() / cache;
  llm.largest_batch = static_cast<std::int64_t>(std::min(most, sequences)) * replicas;
  std::uint64_t tokens = longest;
  if (room < cache) {
    const std::uint64_t fewer = all_grow == 0 ? longest : (cache - room + all_grow - 1) / all_grow;
    tokens = static_cast<std::uint64_t>(llm.context) - std::min(static_cast<std::uint64_t>(llm.context), fewer);
  } else if (all_grow > 0) {
    tokens = std::min(longest, static_cast<std::uint64_t>(llm.context) + (room - cache) / all_grow);
  }
  llm.largest_context = static_cast<std::int64_t>(tokens);
  llm.notes.emplace_back(
      "the forward loops over tokens, so that larger batches and contexts were not run: the largest follow from what a "
      "sequence has in the cache, and what a token adds to it");
}

void search(const LlmModel& model, const LlmPlan& plan, Llm& llm) {
  const auto needed = [&](std::int64_t batch, std::int64_t context) {
    const LlmPlan wanted = with(plan, batch, context);
    const LlmPasses passes = model(sequences_at_once(wanted), context);
    const OnDevices on_devices(passes, wanted);
    Llm memory;
    count_weights(on_devices, memory);
    count_cache(on_devices, memory);
    return memory.needed().value();
  };
  const std::uint64_t room = llm.memory.value();
  const std::int64_t replicas = plan.split.replicas();
  const auto of_replicas = [&](std::int64_t of_replica) { return needed(of_replica * replicas, plan.context); };
  const auto of_context = [&](std::int64_t context) { return needed(plan.batch, context); };
  llm.largest_batch = replicas * largest_that_fits(kMostBatch, room, of_replicas);
  llm.largest_context = largest_that_fits(kMostContext, room, of_context);
}

}  // namespace

std::int64_t sequences_at_once(const LlmPlan& plan) {
  check(plan);
  const std::int64_t of_replica = plan.batch / plan.split.replicas();
  return of_replica % plan.split.pipeline == 0 ? of_replica / plan.split.pipeline : of_replica;
}

Llm count_passes(const LlmPasses& passes, const LlmPlan& plan) {
  const OnDevices model(passes, plan);
  Llm llm = asked(passes, plan, model);
  count_weights(model, llm);
  count_both_passes(model, count_cache(model, llm), llm);
  return llm;
}

Llm count_llm(const LlmModel& model, const LlmPlan& plan) {
  const LlmPasses passes = model(sequences_at_once(plan), plan.context);
  Llm llm = count_passes(passes, plan);
  if (llm.memory == 0 || !plan.largest) return llm;
  if (llm.weights.device > llm.memory) {
    llm.largest_batch = llm.largest_context = 0;
  } else if (loops_over_tokens(passes, plan)) {
    extrapolate(llm);
  } else {
    search(model, plan, llm);
  }
  return llm;
}

}  // namespace thoplw
