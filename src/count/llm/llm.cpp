// Counts a language model at one batch and context, and looks for the largest of either.
#include "count/llm/llm.h"

#include <algorithm>

#include "base/formatted.h"
#include "count/llm/activations.h"
#include "count/llm/largest.h"
#include "count/llm/on_devices.h"

namespace thoplw {
namespace {

constexpr std::int64_t kMostBatch = 1 << 20, kMostContext = 1 << 24;

void check(const LlmPlan& plan) {
  if (plan.memory && *plan.memory == 0) throw Error("a memory of 0 bytes has no room: leave it out if it is not known");
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
  llm.prompts = plan.prompts;
  llm.dtype = plan.dtype ? std::string(thoplw::name(*plan.dtype)) : as_number_type(thoplw::name(model.compute_type()));
  if (plan.kv_dtype) llm.kv_dtype = thoplw::name(*plan.kv_dtype);
  if (plan.device) llm.device = plan.device->title;
  llm.memory = plan.memory.value_or(plan.device ? Count(plan.device->memory) : Count(0));
  llm.link = plan.link.value_or(plan.device ? Count(plan.device->link) : Count(0));
  llm.notes = passes.trace.notes;
  return llm;
}

std::int64_t operators(const OpRange& pass) { return pass.end_op - pass.first_op; }

/// Does the forward take operators of their own for each token? Then a long prompt takes long to run, too. An encoder
/// has more of them as well, but not more for a longer prompt.
bool loops_over_tokens(const LlmModel& model, const LlmPasses& passes, const LlmPlan& plan) {
  const PassParts parts = parts_of(passes);
  if (operators(parts.prefill) <= operators(parts.decode) + plan.context) return false;
  constexpr std::int64_t kShort = 8, kLong = 24;
  const auto of_prompt = [&](std::int64_t context) { return operators(parts_of(model(1, context)).prefill); };
  return of_prompt(kLong) - of_prompt(kShort) >= kLong - kShort;
}

/// Then memory and time are those of real weights, and a larger one may take hours.
bool ran_for_real(const LlmPasses& passes) {
  return std::ranges::any_of(passes.trace.notes, [](const std::string& note) {
    return note.find("one real forward was run") != std::string::npos;
  });
}

/// What transformers' own plan could not do.
void note_heads(const OnDevices& model, Llm& llm) {
  const std::int64_t heads = model.passes.heads, devices = llm.split.tensor;
  const auto divided = [&](Id value) { return model.sharding.parts_of(value) > 1; };
  if (heads == 0 || heads % devices == 0 || std::ranges::none_of(model.parts.before, divided)) return;
  llm.notes.push_back(
      formatted("{} heads cannot be divided evenly among {} devices, so transformers' plan would not run: the figures "
                "are of equal parts; give a --tensor-parallel that divides them",
                heads, devices));
}

/// Bytes on one device of each stage.
struct MemoryByStage {
  std::vector<Count> weights;
  CacheByStage cache;
  std::vector<Count> prefill, decode;  ///< activations
};

/// What all devices together need, and the one that needs most.
Shared needed(const Llm& llm, const MemoryByStage& memory, std::int64_t groups) {
  Shared sum{llm.weights.whole + llm.cache.whole, 0};
  sum.whole += std::max(llm.prefill.activations.whole, llm.decode.activations.whole);
  for (std::size_t s = 0; s < memory.weights.size(); ++s) {
    const Count activations = std::max(memory.prefill[s], memory.decode[s]);
    sum.device = std::max(sum.device, memory.weights[s] + memory.cache.bytes[s] * groups + activations);
  }
  return sum;
}

/// Of a model on its devices: prompts are read all at once, or as many of them as `prompts` was run with.
MemoryByStage count_memory(const OnDevices& model, const OnDevices* prompts, Llm& llm) {
  MemoryByStage memory;
  memory.weights = count_weights(model, llm);
  memory.cache = count_cache(model, llm);
  memory.prefill.resize(model.stages);
  memory.decode.resize(model.stages);
  if (model.passes.trace.memory.known()) {
    const Activations activations = activations_of(model);
    const PassActivations prefill = prompts ? activations_of(*prompts).prefill : activations.prefill;
    const Count replicas = model.plan.split.replicas();
    memory.prefill = prefill.by_stage;
    memory.decode = activations.decode.by_stage;
    llm.prefill.activations = {prefill.whole * replicas, most(memory.prefill)};
    llm.decode.activations = {activations.decode.whole * replicas, most(memory.decode)};
    for (const std::string& op : activations.unknown) {
      llm.notes.push_back(formatted("nothing says what {} makes inside: activations are a lower bound", op));
    }
  } else {
    llm.notes.emplace_back("how long tensors live was not observed: there is no room for activations");
  }
  llm.needed = needed(llm, memory, model.groups);
  return memory;
}

/// Runs the model, and keeps what it was run for.
class Runs {
 public:
  Runs(const LlmModel& model, const LlmPlan& plan) : model_(model), plan_(plan) {}

  Llm count(std::int64_t batch, std::int64_t context) {
    const LlmPlan plan = with(plan_, batch, context);
    passes_ = model_(sequences_at_once(plan), context);
    return count_passes(passes_, plan, prompts(plan));
  }

  std::uint64_t needed(std::int64_t batch, std::int64_t context) {
    const LlmPlan plan = with(plan_, batch, context);
    const LlmPasses passes = model_(sequences_at_once(plan), context);
    const OnDevices on_devices(passes, plan);
    Llm llm;
    const LlmPasses* of_prompts = prompts(plan);
    if (of_prompts) {
      const OnDevices fewer(*of_prompts, plan);
      count_memory(on_devices, &fewer, llm);
    } else {
      count_memory(on_devices, nullptr, llm);
    }
    return llm.needed.device.value();
  }

  const LlmPasses& last() const { return passes_; }

 private:
  /// Null: all that go through the model at once.
  const LlmPasses* prompts(const LlmPlan& plan) {
    if (!plan.prompts || *plan.prompts >= sequences_at_once(plan)) return nullptr;
    if (plan.context != context_of_prompts_) prompts_ = model_(*plan.prompts, plan.context);
    context_of_prompts_ = plan.context;
    return &prompts_;
  }

  const LlmModel& model_;
  const LlmPlan& plan_;
  LlmPasses passes_, prompts_;
  std::int64_t context_of_prompts_ = 0;
};

std::int64_t at_most(Count amount, std::int64_t most) {
  return static_cast<std::int64_t>(std::min(amount.value(), static_cast<std::uint64_t>(most)));
}

/// By what a sequence needs now, and a token of it: as if all of it grew in proportion.
void extrapolate(Llm& llm) {
  const std::int64_t replicas = llm.split.replicas(), of_replica = llm.batch / replicas;
  const Count room = llm.memory - llm.weights.device;
  const Count activations = std::max(llm.prefill.activations.device, llm.decode.activations.device);
  const Count sequences = std::max(llm.cache.device + activations, Count(1));
  llm.largest_batch = at_most((room * of_replica).value() / sequences.value(), kMostBatch) * replicas;
  // What is in the cache whatever the context, and what each token takes: with the context as divisor, so in whole
  // numbers.
  const Count tokens = llm.grows.device * of_replica * llm.context;
  const Count fixed = llm.cache.device - std::min(llm.cache.device, tokens), each = tokens + activations;
  llm.largest_context = fixed > room ? 0
                        : each == 0  ? kMostContext
                                     : at_most(((room - fixed) * llm.context).value() / each.value(), kMostContext);
  llm.notes.emplace_back(
      "larger batches and contexts were not run, as the forward loops over tokens or ran for real: the largest are in "
      "proportion to what this batch and context need");
}

/// Where a batch goes through a pipeline in groups, so does a larger one.
void search(Runs& runs, const LlmPlan& plan, Llm& llm) {
  const std::uint64_t room = llm.memory.value();
  const auto largest_batch = [&](std::int64_t step) {
    const auto of_batch = [&](std::int64_t steps) { return runs.needed(steps * step, plan.context); };
    return step * largest_that_fits(kMostBatch, room, plan.batch / step, of_batch);
  };
  const std::int64_t replicas = plan.split.replicas(), groups = plan.split.pipeline;
  llm.largest_batch = largest_batch(replicas * groups);
  if (llm.largest_batch == 0 && groups > 1) llm.largest_batch = largest_batch(replicas);
  llm.largest_context = largest_that_fits(kMostContext, room, plan.context,
                                          [&](std::int64_t context) { return runs.needed(plan.batch, context); });
}

}  // namespace

std::int64_t sequences_at_once(const LlmPlan& plan) {
  check(plan);
  const std::int64_t of_replica = plan.batch / plan.split.replicas();
  return of_replica % plan.split.pipeline == 0 ? of_replica / plan.split.pipeline : of_replica;
}

Llm count_passes(const LlmPasses& passes, const LlmPlan& plan, const LlmPasses* prompts) {
  const OnDevices model(passes, plan);
  Llm llm = asked(passes, plan, model);
  const std::optional<OnDevices> fewer =
      prompts ? std::optional<OnDevices>(std::in_place, *prompts, plan) : std::nullopt;
  note_heads(model, llm);
  const MemoryByStage memory = count_memory(model, fewer ? &*fewer : nullptr, llm);
  count_both_passes(model, memory.cache, llm);
  return llm;
}

Llm count_llm(const LlmModel& model, const LlmPlan& plan) {
  Runs runs(model, plan);
  Llm llm = runs.count(plan.batch, plan.context);
  if (llm.memory == 0 || !plan.largest) return llm;
  if (llm.weights.device > llm.memory) {
    llm.largest_batch = llm.largest_context = 0;
  } else if (ran_for_real(runs.last()) || loops_over_tokens(model, runs.last(), plan)) {
    extrapolate(llm);
  } else {
    search(runs, plan, llm);
  }
  return llm;
}

}  // namespace thoplw
