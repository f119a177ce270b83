// Opens each model, counts and prints it; one that cannot be opened does not stop the others.
#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <sstream>

#include "cli/cli.h"
#include "cli/explanation.h"
#include "cli/flags.h"
#include "render/file.h"

namespace thoplw::cli {
namespace {

constexpr int kOk = 0, kNotExact = 1, kFailed = 2;

/// The reader of the output has left: nothing more is to be done, and nothing is wrong.
struct ReaderGone {};

void flush(std::ostream& out) {
  if (out.flush()) return;
  if (errno == EPIPE) throw ReaderGone{};
  throw Error(std::string("cannot write the output: ") + std::strerror(errno));
}

/// One run of the command.
struct Session {
  const Options& options;
  const Opener& open;
  Terminal terminal;
  std::ostream& out;  ///< the terminal, or what becomes the file
  int code = kOk;
  std::size_t shown = 0;  ///< reports so far

  bool several() const { return options.models.size() > 1; }

  void complain(std::string_view message) { terminal.err << "thoplw: " << message << "\n"; }

  void show_progress(std::size_t index) {
    if (!several() || !terminal.err_is_terminal) return;
    terminal.err << "\r\x1b[K[" << index + 1 << "/" << options.models.size() << "] " << options.models[index]
                 << std::flush;
  }

  void clear_progress() {
    if (several() && terminal.err_is_terminal) terminal.err << "\r\x1b[K" << std::flush;
  }

  void remark(const std::string& model, const Report& report) {
    for (const auto& note : report.notes) complain(model + ": " + note);
    if (!options.strict || report.exact) return;
    code = std::max(code, kNotExact);
    for (const auto& [op, path, times] : report.uncounted) {
      complain(model + ": not counted: " + op + " in " + shown_path(path));
    }
    complain(model + ": the total is only a lower bound");
  }

  void show(const std::string& text) {
    errno = 0;
    if (several()) out << (shown == 0 ? options.renderer->before : options.renderer->between);
    out << text;
    if (!several()) out << "\n";
    ++shown;
    flush(out);
  }

  Trace open_model(const std::string& model) {
    if (is_model_file(model)) {
      if (!options.inputs.empty() || !options.settings.empty()) {
        throw Error(model + ": a file has its inputs and settings in it; " +
                    "leave --input and --set out, and name symbolic sizes with --dim");
      }
      return load(model, options.load);
    }
    if (!options.load.dims.empty())
      throw Error("--dim is for model files; the sizes of other models come from --input");
    return open({model, options.inputs, options.settings});
  }

  /// The base first.
  std::vector<const Convention*> compared() const {
    const auto all = conventions();
    std::vector<const Convention*> chosen;
    for (const auto& convention : options.with) chosen.push_back(convention.get());
    if (chosen.empty()) chosen.assign(all.begin(), all.end());
    std::erase(chosen, options.convention.get());
    chosen.insert(chosen.begin(), options.convention.get());
    return chosen;
  }

  void explain(const std::string& model, const Trace& trace) {
    show(explanation(trace, options.quoted, [&](const Tensor& input) {
      const bool given = is_model_file(model) || !options.inputs.empty();
      return given ? std::optional<Trace>() : open({model, {input}, options.settings});
    }));
  }

  void profile(const std::string& model) {
    std::string text;
    Report report;
    try {
      const Trace trace = open_model(model);
      if (!options.trace_file.empty()) write_file(options.trace_file, to_text(trace));
      if (options.command == Command::explain) return explain(model, trace);
      RenderOptions render = options.render;
      if (several()) render.title = model;
      if (options.command == Command::compare) {
        text = render_comparison(compare(trace, compared(), *options.convention), *options.renderer, render);
      } else {
        report = count(trace, *options.convention);
        text = options.renderer->render(report, render);
      }
    } catch (const Error& error) {
      clear_progress();
      code = kFailed;
      complain((several() ? model + ": " : "") + error.what());
      return;
    }
    clear_progress();
    show(text);
    remark(model, report);
  }

  void profile_all() {
    for (std::size_t i = 0; i < options.models.size(); ++i) {
      show_progress(i);
      profile(options.models[i]);
    }
    if (several() && shown > 0) out << options.renderer->after << "\n";
    flush(out);
  }
};

/// Every convention with its unit and what it counts, one per line.
std::string conventions_list() {
  std::size_t width = 0;
  for (const Convention* convention : conventions()) width = std::max(width, convention->name.size());
  std::string text;
  for (const Convention* convention : conventions()) {
    text += fmt::format("{:<{}}  {}  {}\n", convention->name, width, convention->unit == Unit::flop ? "FLOP" : "MAC ",
                        convention->doc);
  }
  return text;
}

int run_checked(const std::vector<std::string>& args, const Opener& open, Terminal terminal) {
  const Options options = parse_args(args);
  if (options.help || options.version) {
    terminal.out << (options.help ? help() : "thoplw " + std::string(version()) + "\n");
    flush(terminal.out);
    return kOk;
  }
  if (options.command == Command::conventions) {
    terminal.out << conventions_list();
    flush(terminal.out);
    return kOk;
  }
  std::ostringstream file;
  Session session{options, open, terminal, options.file.empty() ? terminal.out : file};
  session.profile_all();
  if (!options.file.empty() && session.shown > 0) write_file(options.file, file.str());
  return session.code;
}

}  // namespace

int run(const std::vector<std::string>& args, const Opener& open, Terminal terminal) {
  try {
    return run_checked(args, open, terminal);
  } catch (const ReaderGone&) {
    return kOk;
  } catch (const Error& error) {
    terminal.err << "thoplw: " << error.what() << "\n";
    return kFailed;
  }
}

}  // namespace thoplw::cli
