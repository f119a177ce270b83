// Flags: devices.
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

void set_dtype(Options& options, const std::string& value) {
  options.dtype = options.llm.dtype = find_number_type(value);
}

void set_device(Options& options, const std::string& value) {
  options.device = options.llm.device = open_device(value);
  options.device_as_given = value;
}

void set_mfu(Options& options, const std::string& value) {
  std::string_view rest = value;
  const std::optional<double> seconds = take_real(rest);
  if (!seconds || !rest.empty() || *seconds <= 0 || *seconds > 1e7) {
    throw Error("mfu '" + value + "' is not how many seconds a step took, such as 0.35");
  }
  options.step_seconds = *seconds;
}

void set_measure(Options& options, const std::string&) { options.measure_device = true; }

constexpr auto kRows = std::to_array<Flag>({
    {"--device", "NAME",
     "how long it takes on that device at least, layer by layer: a name of `thoplw devices`, or a TOML file of your "
     "own; of `llm`: what it runs on; of `fit`: how much room there is, too",
     set_device, false, nullptr, "", kTimed},
    {"--dtype", "TYPE",
     "with --device: the type that weights and activations have and that it computes in; those of the model unless "
     "given; of `llm`: what matrices are stored in; bf16 unless given, or as a callable of your own makes them",
     set_dtype, false, number_type_names, "", kTyped},
    {"--mfu", "SECONDS",
     "of `train` with --device: how long a step took; says what share of the device's peak that is, without what "
     "checkpoints compute again (MFU) and with it (HFU)",
     set_mfu, false, nullptr, "", "train"},
    {"--measure", "", "of `devices`: measure this machine, which takes some seconds, and print it as a TOML file",
     set_measure, false, nullptr, "", "devices"},
});

}  // namespace

std::span<const Flag> device_flags() { return kRows; }

}  // namespace thoplw::cli
