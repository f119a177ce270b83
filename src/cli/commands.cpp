// The table of commands.
#include "cli/commands.h"

#include <array>
#include <limits>

namespace thoplw::cli {
namespace {

constexpr std::size_t kAny = std::numeric_limits<std::size_t>::max();

constexpr auto kCommands = std::to_array<Command>({
    {"", "MODEL...", "torchvision:resnet18", "what each layer costs; of several models what each costs", 1, kAny,
     profile_models},
    {"compare", "MODEL... [--with fvcore,thop]", "torchvision:resnet18 --with fvcore,thop",
     "where the counts of conventions differ, and why", 1, kAny, compare_conventions},
    {"explain", "MODEL NUMBER", "torchvision:resnet50 4.09G", "which conventions give a number", 2, 2, explain_number},
    {"conventions", "", "", "what each convention counts", 0, 0, list_conventions},
});

}  // namespace

std::span<const Command> commands() { return kCommands; }

}  // namespace thoplw::cli
