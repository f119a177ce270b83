// Flags: a step of training, or a forward whose memory is asked for.
#include "cli/flags/flag_rows.h"
#include "cli/lora.h"
#include "variants/precision.h"

namespace thoplw::cli {
namespace {

void set_batch(Options& options, const std::string& value) {
  options.sizes.batch = whole_number("batch", value, 1, std::numeric_limits<std::int32_t>::max());
}

void set_training(Options& options, const std::string&) { options.question = Question::training; }

void set_lifetimes(Options& options, const std::string& value) { options.lifetimes = find_lifetime_policy(value); }

std::string lifetime_names() { return names_of(lifetime_policies()); }

void set_timeline(Options& options, const std::string& value) { options.timeline = value; }

void set_optimizer(Options& options, const std::string& value) {
  options.plan.step.optimizer = find_optimizer(value).name;
}

std::string optimizer_names() { return names_of(optimizers()); }

void set_processor(Options& options, const std::string& value) {
  options.plan.step.flavour.processor = find_processor(value);
}

std::string processor_names() { return names_of(processors()); }

void set_attention(Options& options, const std::string& value) {
  options.plan.step.flavour.attention = find_attention_kernel(value);
}

std::string attention_names() { return names_of(attention_kernels()); }

void set_accumulate(Options& options, const std::string& value) {
  options.plan.step.accumulate = static_cast<std::uint32_t>(whole_number("accumulate", value, 1, 1'000'000));
}

void set_round(Options& options, const std::string& value) {
  options.plan.step.round = static_cast<std::uint32_t>(whole_number("round", value, 1, 1 << 30));
}

void add_freeze(Options& options, const std::string& value) { options.plan.freeze.push_back(value); }

void add_checkpoint(Options& options, const std::string& value) { options.plan.checkpoint.push_back(value); }

void set_reentrant(Options& options, const std::string&) { options.plan.reentrant = true; }

void set_precision(Options& options, const std::string& value) { options.plan.precision = find_precision(value).name; }

std::string precision_names() { return names_of(precisions()); }

/// r=8,targets=q_proj+v_proj,dropout=0.05
void set_lora(Options& options, const std::string& value) { options.plan.lora = parse_lora(value); }

void set_loss(Options& options, const std::string& value) {
  options.plan.step.all_outputs = value == "all";
  if (options.plan.step.all_outputs) return;
  for (const std::string& place : split(value)) {
    options.plan.step.outputs.push_back(static_cast<std::size_t>(whole_number("loss", place, 0, 1'000'000)));
  }
}

constexpr auto kRows = std::to_array<Flag>({
    {"--batch", "N",
     "of a pass whose memory is asked for: the first size of each input, instead of that which the model is known to "
     "take; of `llm`: how many sequences there are, 1 unless given",
     set_batch, false, nullptr, "", kBatch},
    {"--precision", "NAME", "of such a pass: the types that it computes in; those of the model unless given",
     set_precision, false, precision_names, "", kPass},
    {"--processor", "NAME", "of such a pass: whose kernels it runs by", set_processor, false, processor_names, "cpu",
     kPass},
    {"--attention", "NAME", "of such a pass: the kernel of scaled_dot_product_attention", set_attention, false,
     attention_names, "automatic", kPass},
    {"--round", "BYTES", "of such a pass: round each piece of memory up to a multiple, as allocators do; 512 on CUDA",
     set_round, false, nullptr, "1", kPass},
    {"--lifetimes", "NAME",
     "of a forward's memory: when it is freed; as observed of a model that runs and by last use of a file, unless "
     "given",
     set_lifetimes, false, lifetime_names, "", "memory fit check sweep"},
    {"--timeline", "FILE", "of `train` and `memory`: also draw memory over time, as SVG, or as PNG if FILE says so",
     set_timeline, false, nullptr, "", "train memory"},
    {"--training", "", "of `compare`: what tools say that a step of training computes, and why they differ",
     set_training, false, nullptr, "", "compare"},
    {"--optimizer", "NAME", "of a training step: what makes the step", set_optimizer, false, optimizer_names, "adamw",
     kTraining},
    {"--freeze", "GLOB",
     "of a training step: parameters, or modules with all theirs, that are not trained, such as 'encoder.*'; repeat it "
     "for each glob",
     add_freeze, true, nullptr, "", kTraining},
    {"--checkpoint", "GLOB",
     "of a training step: modules whose activations are not kept but computed again in backward, such as 'layers.*'; "
     "repeat it for each glob",
     add_checkpoint, true, nullptr, "", kTraining},
    {"--reentrant", "", "of a training step: checkpoints are of torch's older kind, which runs all of a module again",
     set_reentrant, false, nullptr, "", kTraining},
    {"--lora", "SETTINGS",
     "of a training step: with adapters of low rank on the linear layers of these names, all else frozen, such as "
     "r=8,targets=q_proj+v_proj",
     set_lora, false, nullptr, "", kTraining},
    {"--accumulate", "N", "of a training step: passes whose gradients are added up before the optimizer's step",
     set_accumulate, false, nullptr, "1", kTraining},
    {"--loss", "PLACES",
     "of a training step: which of the tensors that the model gives the loss reads, by their places from 0 on, "
     "separated by commas, or all; the first that has a gradient unless given",
     set_loss, false, nullptr, "", kTraining},
});

}  // namespace

std::span<const Flag> pass_flags() { return kRows; }

}  // namespace thoplw::cli
