// Opens models and speaks to the user.
#include "cli/session.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/file_bytes.h"
#include "base/formatted.h"
#include "cli/commands.h"
#include "count/count.h"
#include "count/times.h"
#include "count/training/plan.h"
#include "count/training/step_time.h"
#include "render/table/width.h"
#include "report/saved.h"
#include "variants/precision.h"

namespace thoplw::cli {
namespace {

/// Keeps a trace in a file, where one is wanted.
Trace saved(Trace trace, const std::string& file) {
  if (!file.empty()) write_file(file, to_text(trace));
  return trace;
}

/// Throws Error where a flag is given that only a model can follow.
void refuse_flags(const std::string& report, const Options& options) {
  if (!options.inputs.empty() || !options.settings.empty() || !options.load.dims.empty()) {
    throw Error(report + ": a saved report was counted before; leave --input, --set and --dim out");
  }
  if (!options.trace_file.empty()) throw Error(report + ": a saved report has no trace; leave --save-trace out");
  if (options.step_flags) {
    throw Error(report + ": a saved report was counted before; leave --batch, --optimizer and other flags of a pass " +
                "out, or name the model itself");
  }
}

/// Layers of a step are not priced by their class, as the usual convention does.
const Convention& training_convention(const Options& options) {
  return options.convention_given ? *options.convention : find_convention("exact");
}

InferenceOptions inference_of(const Options& options, const TrainingPlan& plan) {
  return {.lifetimes = options.lifetimes,
          .flavour = plan.step.flavour,
          .round = plan.step.round,
          .precision = plan.precision,
          .captured_so = plan.captured_so};
}

/// In the types that the pass has whose memory is told.
Timing time_of_forward(const Device& device, const Trace& trace, const Options& options, const TrainingPlan& plan) {
  const Precision* precision = plan.precision.empty() ? nullptr : &find_precision(plan.precision);
  const Target target{&device, std::nullopt};
  const bool as_it_is = !precision || precision->as_is || plan.captured_so;
  return *count_on(target, as_it_is ? trace : in_precision(trace, *precision, plan.step.flavour.processor),
                   *options.convention)
              .timing;
}

/// A device whose speed nobody has published has room all the same.
Report memory_of_forward(const Trace& trace, const Options& options, const TrainingPlan& plan) {
  Report report = count_inference(trace, *options.convention, inference_of(options, plan));
  const Device* device = options.device.get();
  if (!device || trace.ops.empty()) return report;
  if (has_speed(*device)) {
    report.timing = time_of_forward(*device, trace, options, plan);
  } else {
    report.notes.push_back(formatted("nothing public says how fast {} is", device->title));
  }
  return report;
}

}  // namespace

void flush(std::ostream& out) {
  if (!out.flush()) fail_to_write(errno);
}

void fail_to_write(int error) {
  if (error == EPIPE) throw ReaderGone{};
  throw Error(std::string("cannot write the output: ") + (error == EBADF ? "stdout is closed" : std::strerror(error)));
}

void Session::complain(std::string_view message) { terminal.err << "thoplw: " << harmless_message(message) << "\n"; }

void Session::fail(const std::string& model, const Error& error) {
  clear_progress();
  code = kFailed;
  const std::string what = error.what();
  const bool named = what.starts_with(harmless(model) + ":");
  complain(!named && (several || is_model_file(model)) ? model + ": " + what : what);
}

void Session::put(std::initializer_list<std::string_view> pieces) {
  if (reader_gone) return;
  try {
    errno = 0;
    for (const std::string_view piece : pieces) out << piece;
    flush(out);
  } catch (const ReaderGone&) {
    if (!options.strict && !options.command->judges) throw;
    reader_gone = true;
  }
}

void Session::show(const std::string& text) {
  const Renderer& renderer = *options.renderer;
  if (!several) {
    put({text, "\n"});
  } else {
    const PageParts page = parts_of(text, renderer);
    put({shown == 0 ? renderer.before : renderer.between, shown == 0 ? page.head : "", page.body});
    page_end = page.tail;
  }
  ++shown;
}

void Session::end() {
  if (several && shown > 0) return put({page_end, options.renderer->after, "\n"});
  put({});
}

void require_one(const Session& session) {
  const Options& options = session.options;
  if (options.models.size() < 2 || options.renderer->several) return;
  throw Error("a file of kind " + std::string(options.renderer->name) + " shows one MODEL, but " +
              std::to_string(options.models.size()) + " are given: run thoplw once for each, with -o FILE");
}

void Session::require_text(std::string_view what) const {
  if (options.renderer->name != "text") throw Error(formatted("{} is text, not {}", what, options.renderer->name));
}

void Session::show_progress(std::size_t index, std::size_t done) {
  if (!several || !terminal.err_is_terminal) return;
  const std::size_t all = options.models.size();
  const std::string count = formatted("[{}/{}] ", std::min(done + 1, all), all);
  const std::size_t width = static_cast<std::size_t>(std::max(terminal.err_columns, 1));
  const std::size_t bar = std::min<std::size_t>(width / 4, 24), filled = bar * done / all;
  std::string line = count;
  for (std::size_t cell = 0; cell < bar; ++cell) line += cell < filled ? "━" : "┄";
  line += " " + shortened(harmless(options.models[index]), width - std::min(width, count.size() + bar + 2));
  terminal.err << "\r\x1b[K" << line << std::flush;
}

void Session::clear_progress() {
  if (several && terminal.err_is_terminal) terminal.err << "\r\x1b[K" << std::flush;
}

bool Session::opens_anywhere(const std::string& model) const {
  return elsewhere || is_saved_report(model) || is_model_file(model);
}

Trace Session::open_model(const std::string& model) const {
  if (is_saved_report(model)) {
    throw Error(model + ": a saved report has the counts of one convention alone; name the model itself");
  }
  if (is_model_file(model)) {
    if (!options.inputs.empty() || !options.settings.empty()) {
      throw Error(model + ": a file has its inputs and settings in it; " +
                  "leave --input and --set out, and name symbolic sizes with --dim");
    }
    if (options.sizes.batch != 0) {
      throw Error(model + ": a file has its batch in it; leave --batch out, or name a symbolic size with --dim");
    }
    return saved(load(model, options.load), options.trace_file);
  }
  if (!options.load.dims.empty()) throw Error("--dim is for model files; the sizes of other models come from --input");
  const Opener& opener = elsewhere ? elsewhere : open;
  const TrainingPlan& plan = options.plan;
  const bool cuda = plan.step.flavour.processor == Processor::cuda;
  const ModelRequest request{model, options.inputs, options.settings, options.sizes, options.question, plan.precision,
                             cuda};
  return saved(opener(request), options.trace_file);
}

Report Session::open_report(const std::string& model) const {
  if (!is_saved_report(model)) {
    const Trace trace = open_model(model);
    const Target target{options.device.get(), options.dtype};
    if (options.question == Question::cost) {
      return options.device ? count_on(target, trace, *options.convention) : count(trace, *options.convention);
    }
    TrainingPlan plan = options.plan;
    plan.captured_so = !is_model_file(model);
    if (options.question == Question::memory) return memory_of_forward(trace, options, plan);
    Report report = count_planned(trace, training_convention(options), plan);
    if (options.device) time_step(target, trace, plan, options.step_seconds, report);
    return report;
  }
  refuse_flags(model, options);
  Report report = read_report(model, FileBytes(model).all());
  if (options.device) {
    throw Error(model + ": a saved report was counted before; leave --device out, or name the model itself");
  }
  if (options.question != Question::cost && report.question() != options.question) {
    const bool training = options.question == Question::training;
    throw Error(
        formatted("{}: this report is not of {}; name the model itself, or save one with `thoplw {} MODEL -o "
                  "report.json`",
                  model, training ? "a step of training" : "the memory of a forward", training ? "train" : "memory"));
  }
  if (options.convention_given && report.convention != options.convention->name) {
    throw Error(model + ": this was counted by '" + report.convention + "', not by '" +
                std::string(options.convention->name) + "'; leave --convention out, or count the model itself");
  }
  return report;
}

Report Session::open_side(const std::string& model, const std::string& other) const {
  const auto built = [](const std::string& name) { return !is_saved_report(name) && !is_model_file(name); };
  Options own = options;
  if (!built(model) && built(other)) {
    own.inputs.clear();
    own.settings.clear();
  }
  if (!is_model_file(model) && is_model_file(other)) own.load.dims.clear();
  try {
    return Session{own, open, elsewhere, terminal, out}.open_report(model);
  } catch (const Error& error) {
    const std::string what = error.what();
    throw Error(what.find(model) == std::string::npos ? model + ": " + what : what);  // of the two
  }
}

RenderOptions Session::render_options(const std::string& model) const {
  RenderOptions render = options.render;
  if (several) render.title = model;
  if (options.file.empty()) render.screen = terminal.screen;
  render.screen.color = options.color.value_or(render.screen.color);
  return render;
}

}  // namespace thoplw::cli
