// Flags: sweeps. What they say goes to Python as text, once it is known to be of the right form.
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

constexpr std::string_view kSweep = "sweep";

std::string measure_names() { return names_of(measures()) + " peak peak_first_step all_params active_params"; }

template <const char* name>
void add(Options& options, const std::string& value) {
  options.sweep.emplace_back(name, value);
}

constexpr char kMeasureNames[] = "measures", kBackend[] = "backend", kAddress[] = "address", kBest[] = "best",
               kFront[] = "pareto", kPages[] = "pages", kRetry[] = "retry";

void set_timeout(Options& options, const std::string& value) {
  std::string_view rest = value;
  const std::optional<double> seconds = take_real(rest);
  if (!seconds || !rest.empty() || *seconds <= 0) throw Error("timeout '" + value + "' is not a number of seconds");
  options.sweep.emplace_back("timeout", value);
}

void set_memory_limit(Options& options, const std::string& value) {
  options.sweep.emplace_back("memory_limit", std::to_string(parse_bytes(value).value()));
}

void set_limit(Options& options, const std::string& value) {
  options.sweep.emplace_back("limit",
                             std::to_string(whole_number("limit", value, 1, std::numeric_limits<std::int64_t>::max())));
}

void add_under(Options& options, const std::string& value) {
  const auto equals = value.find('=');
  if (equals == 0 || equals == std::string::npos) throw Error("under '" + value + "' is not such as params=5M");
  options.sweep.emplace_back(
      "under", value.substr(0, equals + 1) + std::to_string(parse_amount(value.substr(equals + 1)).value()));
}

constexpr auto kRows = std::to_array<Flag>({
    {"--measures", "NAMES", "of `sweep`: what is counted of each candidate, separated by commas", add<kMeasureNames>,
     false, measure_names, "macs,params", kSweep},
    {"--backend", "NAME", "of `sweep`: what runs it: loky, this machine's cores, unless given; ray; dask",
     add<kBackend>, false, nullptr, "", kSweep},
    {"--address", "ADDRESS", "of `sweep` with --backend: the cluster; one on this machine is started unless given",
     add<kAddress>, false, nullptr, "", kSweep},
    {"--timeout", "SECONDS", "of `sweep`: how long a candidate may take", set_timeout, false, nullptr, "", kSweep},
    {"--memory-limit", "SIZE",
     "of `sweep`: how much memory the process may have that counts a candidate, torch and all, such as 4G",
     set_memory_limit, false, nullptr, "", kSweep},
    {"--limit", "N", "of `sweep`: count no more than so many candidates", set_limit, false, nullptr, "", kSweep},
    {"--retry", "", "of `sweep`: count those again that have an error in the file of -o", add<kRetry>, false, nullptr,
     "", kSweep},
    {"--best", "NAME", "of `sweep`: show the candidate with the least of this measure", add<kBest>, false, nullptr, "",
     kSweep},
    {"--under", "NAME=COUNT",
     "of `sweep`: show only candidates that have no more than this, such as params=5M; repeat it for each", add_under,
     true, nullptr, "", kSweep},
    {"--pareto", "X,Y",
     "of `sweep`: show only candidates that no other beats in these two measures; as a page or a picture, with all "
     "others behind them",
     add<kFront>, false, nullptr, "", kSweep},
    {"--pages", "FOLDER", "of `sweep`: write the page of each candidate there", add<kPages>, false, nullptr, "",
     kSweep},
});

}  // namespace

std::span<const Flag> sweep_flags() { return kRows; }

}  // namespace thoplw::cli
