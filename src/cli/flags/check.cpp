// Flags: budgets.
#include "cli/flags/flag_rows.h"

namespace thoplw::cli {
namespace {

void set_baseline(Options& options, const std::string& value) { options.budget.baseline = value; }

void set_tolerance(Options& options, const std::string& value) { options.budget.tolerance = parse_percent(value); }

void set_config(Options& options, const std::string& value) { options.config = value; }

void set_max_memory(Options& options, const std::string& value) { options.budget.limits.memory = parse_bytes(value); }

void set_max_inference_memory(Options& options, const std::string& value) {
  options.budget.limits.inference_memory = parse_bytes(value);
}

template <std::size_t index>
void set_most(Options& options, const std::string& value) {
  options.budget.limits.most[index] = measures()[index].seconds ? parse_time(value) : parse_amount(value);
}

constexpr auto kRows = std::to_array<Flag>({
    {"--max-memory", "SIZE", "of `check`: fail if a step of training needs more memory than this, such as 24G or 24GiB",
     set_max_memory, false, nullptr, "", "check"},
    {"--max-inference-memory", "SIZE",
     "of `check`: fail if a forward without gradients needs more memory than this, such as 8G or 8GiB",
     set_max_inference_memory, false, nullptr, "", "check"},
    {"--baseline", "REPORT", "of `check`: fail if it costs more than this saved report or model", set_baseline, false,
     nullptr, "", "check"},
    {"--tolerance", "PERCENT", "of `check`: how much more than the baseline is allowed, such as 1%", set_tolerance,
     false, nullptr, "", "check"},
    {"--config", "FILE", "of `check` without a MODEL: the file with the budgets; pyproject.toml unless given",
     set_config, false, nullptr, "", "check"},
});

/// "work of 'backward'", "bytes of gradients".
std::string what_is_limited(Measure measure) {
  const std::string what = noun(measure, Unit::mac);
  return row_of(measure).asked == Question::training && row_of(measure).bounded
             ? "work of '" + std::string(row_of(measure).name) + "'"
             : what;
}

std::string_view whose(Measure measure) {
  const Question asked = row_of(measure).asked;
  return asked == Question::training ? "a step of training has"
         : asked == Question::memory ? "a forward has"
                                     : "the model has";
}

/// A flag of `check` for each measure: --max-macs, ...
template <std::size_t... index>
std::vector<Flag> limit_flags(std::index_sequence<index...>) {
  static const std::array<std::string, kMeasures> names = {("--max-" + std::string(measures()[index].name))...};
  static const std::array<std::string, kMeasures> docs = {
      formatted("of `check`: fail if {} more {} than this, such as {}",
                measures()[index].seconds ? "with --device the model takes" : whose(all_measures()[index]),
                index == 0 ? "MACs or FLOPs" : what_is_limited(all_measures()[index]),
                measures()[index].seconds ? "2ms" : "2G or 1_820_000_000")...};
  return {{names[index], measures()[index].seconds ? "TIME" : "COUNT", docs[index], set_most<index>, false, nullptr, "",
           "check"}...};
}

}  // namespace

std::span<const Flag> check_flags() {
  static const std::vector<Flag> all = [] {
    std::vector<Flag> rows(kRows.begin(), kRows.end());
    const std::vector<Flag> limits = limit_flags(std::make_index_sequence<kMeasures>());
    rows.insert(rows.begin(), limits.begin(), limits.end());
    return rows;
  }();
  return all;
}

}  // namespace thoplw::cli
