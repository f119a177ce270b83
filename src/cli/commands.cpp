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
     "what a step of training computes and what memory it needs, layer by layer", 1, kAny, profile_models},
    {"memory", "MODEL... [--batch 64]", "torchvision:resnet18 --batch 64",
     "what memory a forward needs, layer by layer and at its peak", 1, kAny, profile_models},
    {"fit", "MODEL... --memory 24G [--train]", "torchvision:resnet18 --memory 8G",
     "the largest batch, sequence or image whose forward or training step fits into that memory", 1, kAny, fit_models},
    {"llm", "MODEL [--context 8192] [--batch 16] [--device h100]",
     "transformers:LlamaForCausalLM --context 8192 --batch 16 --device h100",
     "what a language model needs to read a prompt and to add a token: work, memory, and time at least", 1, 1,
     count_language_model},
    {"formula", "MODEL... --vary batch [--vary seq=8..64]", "torchvision:resnet18 --vary batch",
     "what each layer costs for any size, as an exact polynomial", 1, kAny, find_laws},
    {"compare", "MODEL... [--with fvcore,thop]", "torchvision:resnet18 --with fvcore,thop",
     "where the counts of conventions differ, and why", 1, kAny, compare_conventions},
    {"diff", "A B", "torchvision:resnet18 torchvision:resnet34",
     "what changed from one model or saved report to another", 2, 2, diff_models},
    {"check", "[MODEL...]", "torchvision:resnet18 --max-macs 2G --max-params 12M",
     "whether models keep to a budget, given by flags or in ./pyproject.toml", 0, kAny, check_budgets},
    {"explain", "MODEL NUMBER", "torchvision:resnet50 4.09G", "which conventions give this number", 2, 2,
     explain_number},
    {"conventions", "", "", "what each convention counts", 0, 0, list_conventions},
    {"devices", "[NAME | FILE.toml | --measure]", "h100",
     "what devices can do at most; one of them in full, or this machine, measured", 0, 1, list_devices},
    {"cache", "[--clear]", "", "what is kept of models that were opened before, so that the next time takes no time", 0,
     0, show_cache},
    {"reference", "[PAGE]", "cli",
     "a page of the documentation, from the program's own tables; without PAGE, their names", 0, 1, print_reference},
});

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace thoplw::cli
