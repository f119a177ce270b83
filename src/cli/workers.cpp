// Expands patterns, counts cores and live models.
#include "cli/workers.h"

#include <algorithm>

#include "base/system/process.h"
#include "cli/commands.h"
#include "cli/session.h"

namespace thoplw::cli {
namespace {

constexpr std::size_t kFewLive = 4;  // with fewer, starting processes costs more than they save

/// Does the command take any number of models?
bool takes_many(const Command& command) { return command.most > 2 && command.run != sweep_models; }

/// "torchvision:resnet*".
bool is_pattern(const std::string& model) {
  const auto colon = model.rfind(':');
  return colon != std::string::npos && model.find_first_of("*?[", colon) != std::string::npos && !is_model_file(model);
}

void expand(std::vector<std::string>& models, const ManyModels& many) {
  std::vector<std::string> expanded;
  for (const std::string& model : models) {
    const auto matching = is_pattern(model) ? many.matching(model) : std::vector<std::string>{};
    expanded.insert(expanded.end(), matching.begin(), matching.end());
    if (matching.empty()) expanded.push_back(model);  // who opens it says what is wrong with it
  }
  models = std::move(expanded);
}

}  // namespace

Opener open_elsewhere(Options& options, const ManyModels& many) {
  if (!takes_many(*options.command)) return {};
  if (options.jobs == 0) options.jobs = system::usable_cores();
  const bool patterns = std::ranges::any_of(options.models, is_pattern);
  const bool parallel = options.jobs > 1 && many.workers;
  Opener elsewhere;
  // Workers that are to be started anyway look the patterns up, so that torch is imported once.
  if (patterns && parallel) elsewhere = many.workers(options.models, options.jobs);
  if (patterns && many.matching) expand(options.models, many);
  const auto live = std::ranges::count_if(
      options.models, [](const auto& model) { return !is_model_file(model) && !is_saved_report(model); });
  if (!elsewhere && parallel && static_cast<std::size_t>(live) >= kFewLive) {
    elsewhere = many.workers(options.models, std::min(options.jobs, static_cast<std::size_t>(live)));
  }
  return elsewhere;
}

}  // namespace thoplw::cli
