// The table of commands.
#include "cli/commands.h"

#include <array>
#include <limits>

namespace thoplw::cli {
namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

constexpr auto kCommands = std::to_array<Command>({
    {"", "MODEL...", "torchvision:resnet18", "what each layer costs; for several models, what each model costs", 1,
     kAny, profile_models},
    {"train", "MODEL... [--batch 64]", "torchvision:resnet18 --batch 64 --optimizer adamw",
     "work and memory of a step of training, layer by layer", 1, kAny, profile_models},
    {"memory", "MODEL... [--batch 64]", "torchvision:resnet18 --batch 64",
     "what memory a forward needs, layer by layer and at its peak", 1, kAny, profile_models},
    {"fit", "MODEL... --memory 24G [--train]", "torchvision:resnet18 --memory 8G",
     "the largest batch, sequence or image that fits into memory", 1, kAny, fit_models, nullptr, true},
    {"llm", "MODEL [--context 8192] [--batch 16] [--device h100]",
     "transformers:LlamaForCausalLM --context 8192 --batch 16 --device h100",
     "work, memory and least time of a language model's tokens", 1, 1, count_language_model},
    {"formula", "MODEL... --vary batch [--vary seq=8..64]", "torchvision:resnet18 --vary batch",
     "what each layer costs for any size, as an exact polynomial", 1, kAny, find_laws},
    {"sweep", "MODEL... | RESULTS [--set width=16,32] [-o RESULTS]",
     "torchvision:resnet18 --set num_classes=10,100 -o results.csv",
     "what thousands of candidates cost, and which are the best", 1, kAny, sweep_models},
    {"compare", "MODEL... [--with fvcore,thop]", "torchvision:resnet18 --with fvcore,thop",
     "where the counts of conventions differ, and why", 1, kAny, compare_conventions},
    {"diff", "A B", "torchvision:resnet18 torchvision:resnet34",
     "what changed from one model or saved report to another", 2, 2, diff_models},
    {"check", "[MODEL...]", "torchvision:resnet18 --max-macs 2G --max-params 12M",
     "whether models keep to a budget of flags or of ./pyproject.toml", 0, kAny, check_budgets, nullptr, true},
    {"explain", "MODEL NUMBER", "torchvision:resnet50 4.09G", "which conventions give this number", 2, 2,
     explain_number},
    {"conventions", "", "", "what each convention counts", 0, 0, list_conventions},
    {"devices", "[NAME | FILE.toml | --measure]", "h100", "what devices can do at most, or this machine, measured", 0,
     1, list_devices},
    {"cache", "[--clear]", "", "what is kept of models that were opened before", 0, 0, show_cache},
    {"reference", "[PAGE]", "cli", "a page of the documentation; without PAGE, their names", 0, 1, print_reference,
     page_names},
    {"completion", "SHELL", "bash", "a script that completes commands and flags: bash zsh fish", 1, 1, print_completion,
     shell_names},
    {"help", "[COMMAND | TOPIC]", "inputs", "what a command does, and about inputs, columns and conventions", 0, 1,
     print_help, helped_names},
});

}  // namespace

std::span<const Command> commands() { return kCommands; }

std::string command_words() {
  std::string words;
  for (const Command& command : commands()) {
    if (!command.word.empty()) words += (words.empty() ? "" : " ") + std::string(command.word);
  }
  return words;
}

}  // namespace thoplw::cli
