// Flags: what fits, and sizes that vary.
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

void set_memory(Options& options, const std::string& value) { options.memory = parse_bytes(value); }

void set_train(Options& options, const std::string&) { options.train = true; }

void set_flash(Options& options, const std::string& value) { options.flash = parse_bytes(value); }

void set_ram(Options& options, const std::string& value) { options.ram = parse_bytes(value); }

void set_vary(Options& options, const std::string& value) { options.vary.push_back(value); }

constexpr auto kRows = std::to_array<Flag>({
    {"--memory", "SIZE",
     "of `fit`: how much there is, such as 24G, of 1000, or 24GiB, of 1024; of `llm`: of each device, where that is "
     "not "
     "what the table says",
     set_memory, false, nullptr, "", "fit llm"},
    {"--flash", "SIZE", "of `fit`: how much there is for weights and buffers, as in a microcontroller", set_flash,
     false, nullptr, "", "fit"},
    {"--ram", "SIZE", "of `fit`: how much there is for all else: inputs, and what a forward makes", set_ram, false,
     nullptr, "", "fit"},
    {"--vary", "SIZE",
     "of `fit`: the size of the inputs whose largest value is looked for: batch, seq, image, or of a file the name of "
     "a symbolic dimension, of which batch and seq are the first and the second of an input; batch with --memory, and "
     "none of a file or with --flash or --ram, unless given. Of "
     "`formula`: each size that varies, with its values: batch=1..8, image=224..512:32 in steps, width=16,32,64 of "
     "--set; batch, seq and sizes of a file have some unless given",
     set_vary, true, nullptr, "", "fit formula"},
    {"--train", "",
     "of `fit`, `formula` and `sweep`: what is to fit, or is counted, is a step of training, as the flags of `train` "
     "say; else a forward",
     set_train, false, nullptr, "", "fit formula sweep"},
});

}  // namespace

std::span<const Flag> fit_flags() { return kRows; }

}  // namespace thoplw::cli
