// Counts a language model at one batch and context, and looks for the largest of either.
#include "count/llm/llm.h"

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

Llm asked(const LlmPasses& passes, const LlmPlan& plan, const OnDevices& model) {
  const std::string& name = passes.trace.class_of(model.parts.root).name;
  Llm llm;
  llm.model = name.substr(name.rfind('.') + 1);
  llm.context = plan.context;
  llm.batch = plan.batch;
  llm.split = plan.split;
  if (plan.dtype) llm.dtype = thoplw::name(*plan.dtype);
  if (plan.kv_dtype) llm.kv_dtype = thoplw::name(*plan.kv_dtype);
  if (plan.device) llm.device = plan.device->title;
  llm.memory = plan.memory.value_or(plan.device ? Count(plan.device->memory) : Count(0));
  llm.notes = passes.trace.notes;
  return llm;
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
  Llm llm = count_passes(model(sequences_at_once(plan), plan.context), plan);
  if (llm.memory == 0 || !plan.largest) return llm;
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
  llm.largest_batch = replicas * largest_that_fits(kMostBatch, room, [&](std::int64_t of_replica) {
                        return needed(of_replica * replicas, plan.context);
                      });
  llm.largest_context =
      largest_that_fits(kMostContext, room, [&](std::int64_t context) { return needed(plan.batch, context); });
  return llm;
}

}  // namespace thoplw
