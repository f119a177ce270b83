// One run of a command: models are opened, text is shown, complaints are made, and the exit code is kept.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <string_view>

#include "cli/cli.h"
#include "cli/flags.h"

namespace thoplw::cli {

constexpr int kOk = 0, kNotExact = 1, kFailed = 2;

/// The reader of the output has left: nothing more is to be done, and nothing is wrong.
struct ReaderGone {};

/// Throws ReaderGone, or Error where the output cannot be written.
void flush(std::ostream& out);

struct Session {
  const Options& options;
  const Opener& open;
  Terminal terminal;
  std::ostream& out;  ///< the terminal, or what becomes the file
  int code = kOk;
  bool several = false;    ///< each model has a text of its own
  std::size_t shown = 0;   ///< texts so far
  std::string page_end{};  ///< what stands behind the last text, where each is a page

  /// A line to the user, who may see it beside progress.
  void complain(std::string_view message);

  /// What is wrong with one model: it does not stop the others.
  void fail(const std::string& model, const Error& error);

  /// Text between others, if there are several models.
  void show(const std::string& text);
  void end();  ///< after the last text

  /// Tells the user which of several models is at work, on a terminal.
  void show_progress(std::size_t index);
  void clear_progress();

  /// A file, or whatever else can be opened. Throws Error.
  Trace open_model(const std::string& model);

  /// With the model's name as heading where there are several.
  RenderOptions render_options(const std::string& model) const;
};

/// Shows what `text_of` makes of each model, and calls `then` after that; complains where `text_of` throws Error.
template <typename TextOf, typename Then>
void show_each(Session& session, TextOf text_of, Then then) {
  session.several = session.options.models.size() > 1;
  for (std::size_t i = 0; i < session.options.models.size(); ++i) {
    const std::string& model = session.options.models[i];
    session.show_progress(i);
    std::optional<std::string> text;
    try {
      text = text_of(model);
    } catch (const Error& error) {
      session.fail(model, error);
      continue;
    }
    session.clear_progress();
    session.show(*text);
    then(model);
  }
  session.end();
}

}  // namespace thoplw::cli
