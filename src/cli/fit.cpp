// `thoplw fit`: the largest batch whose training step fits into a given memory.
#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "base/formatted.h"
#include "cli/commands.h"
#include "cli/session.h"
#include "count/training/plan.h"
#include "render/training_lines.h"

namespace thoplw::cli {
namespace {

constexpr std::int64_t kMostBatch = 1 << 24;

/// Steps with this or that batch, each counted once.
class Steps {
 public:
  Steps(Session& session, const std::string& model) : session_(session), model_(model) {}

  const Report& with(std::int64_t batch) {
    const auto found = reports_.find(batch);
    if (found != reports_.end()) return found->second;
    Options options = session_.options;
    options.batch = batch;
    const Session one{options, session_.open, session_.elsewhere, session_.terminal, session_.out};
    Report report = one.open_report(model_);
    if (!report.has(Measure::saved)) {
      throw Error("what is alive at the peak was not observed, so that nothing can be said of what fits");
    }
    return reports_.emplace(batch, std::move(report)).first->second;
  }
  Count peak(std::int64_t batch) { return with(batch).training->peak; }

  /// The least batch that can be trained: batch norm of single values takes no batch of 1.
  std::int64_t least() {
    try {
      with(1);
      return 1;
    } catch (const Error&) {
      with(2);
      return 2;
    }
  }

 private:
  Session& session_;
  const std::string& model_;
  std::map<std::int64_t, Report> reports_;
};

/// The largest batch that fits, 0 where none does. Memory is affine in the batch, but for where the peak moves to
/// another layer; so a guess from two batches is tried, and then narrowed.
std::int64_t largest(Steps& steps, Count memory) {
  const std::int64_t least = steps.least();
  std::int64_t fits = 0, too_much = kMostBatch + 1;
  std::int64_t a = least, b = least + 1;
  const auto test = [&](std::int64_t batch) { (steps.peak(batch) <= memory ? fits : too_much) = batch; };
  test(a);
  if (fits == 0) return 0;
  test(b);
  for (int tries = 0; too_much - fits > 1; ++tries) {
    const double low = static_cast<double>(steps.peak(a).value()), high = static_cast<double>(steps.peak(b).value());
    const double slope = (high - low) / static_cast<double>(b - a);
    double guess = slope <= 0 ? 2.0 * static_cast<double>(b)
                              : static_cast<double>(b) + (static_cast<double>(memory.value()) - high) / slope;
    guess = std::clamp(guess, static_cast<double>(fits + 1), static_cast<double>(too_much - 1));
    const bool slow = tries >= 6 && too_much <= kMostBatch;
    const auto batch = slow ? fits + (too_much - fits) / 2 : static_cast<std::int64_t>(guess);
    test(batch);
    a = fits;
    b = too_much > kMostBatch ? batch : too_much;
    if (a == b) a = std::max(least, b - 1);
    if (fits == kMostBatch) break;
  }
  return fits;
}

std::string in_words(Steps& steps, std::int64_t batch, Count memory) {
  if (batch == 0) {
    const std::int64_t least = steps.least();
    return formatted("not even a batch of {} fits into {}: a step needs {}", least, bytes_text(memory),
                     bytes_text(steps.peak(least)));
  }
  const Report& report = steps.with(batch);
  std::string text = formatted("a batch of {}{} fits into {}: a step needs {}", batch,
                               batch == kMostBatch ? ", the largest that is tried," : "", bytes_text(memory),
                               bytes_text(report.training->peak));
  if (batch < kMostBatch) text += formatted("; a batch of {} needs {}", batch + 1, bytes_text(steps.peak(batch + 1)));
  const Moment& peak = report.training->peak_moment;
  return text + formatted(
                    "\nat the peak: {} for parameters, buffers and inputs, {} for gradients, {} for states of {}, {} "
                    "for activations",
                    bytes_text(peak.parameters), bytes_text(peak.gradients), bytes_text(peak.states),
                    report.training->optimizer, bytes_text(peak.activations));
}

std::string in_json(Steps& steps, const std::string& model, std::int64_t batch, Count memory) {
  nlohmann::ordered_json json = {{"model", model}, {"memory", memory.value()}, {"batch", batch}};
  json["peak"] = steps.peak(batch == 0 ? steps.least() : batch).value();
  if (batch > 0 && batch < kMostBatch) json["peak_of_next"] = steps.peak(batch + 1).value();
  return json.dump();
}

}  // namespace

void fit_models(Session& session) {
  const Options& options = session.options;
  if (!options.memory) throw Error("say how much memory there is: --memory 24G, or --memory 24GiB");
  if (!options.train) throw Error("say what is to fit: --train, for a step of training");
  if (options.batch != 0) throw Error("the batch is what is looked for; leave --batch out");
  show_each(
      session,
      [&](const std::string& model) {
        if (is_saved_report(model) || is_model_file(model)) {
          throw Error(model + ": a file is of one batch, and no other can be tried; name the model itself");
        }
        Steps steps(session, model);
        const std::int64_t batch = largest(steps, *options.memory);
        return options.renderer->name == "json" ? in_json(steps, model, batch, *options.memory)
                                                : in_words(steps, batch, *options.memory);
      },
      [](const std::string&) {});
}

}  // namespace thoplw::cli
