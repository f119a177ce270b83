// One run of a command: models are opened, text is shown, complaints are made, and the exit code is kept.
#pragma once

#include <initializer_list>
#include <optional>
#include <ostream>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "cli/cli.h"
#include "cli/flags.h"
#include "cli/jobs.h"

namespace thoplw::cli {

constexpr int kOk = 0, kNotExact = 1, kOverBudget = 1, kDoesNotFit = 1, kFailed = 2;

/// Throws ReaderGone, or Error where the output cannot be written.
void flush(std::ostream& out);

struct Session {
  const Options& options;
  const Opener& open;
  const Opener& elsewhere;  ///< as `open`, from several threads at once; may be null
  Terminal terminal;
  std::ostream& out;  ///< the terminal, or what becomes the file
  int code = kOk;
  PythonParts python{};
  bool several = false;    ///< each model has a text of its own
  std::size_t shown = 0;   ///< texts so far
  std::string page_end{};  ///< what stands behind the last text, where each is a page
  bool reader_gone = false;

  /// A line to the user, who may see it beside progress.
  void complain(std::string_view message);

  /// What is wrong with one model: it does not stop the others.
  void fail(const std::string& model, const Error& error);

  /// Text between others, if there are several models.
  void show(const std::string& text);
  void end();  ///< after the last text

  /// Writes these pieces. Where the exit code is a verdict a reader may leave, and the command goes on without one;
  /// else throws ReaderGone.
  void put(std::initializer_list<std::string_view> pieces);

  /// Throws Error where another format is asked for.
  void require_text(std::string_view what) const;

  /// Tells the user which of several models is at work and how many are done, on a terminal.
  void show_progress(std::size_t index, std::size_t done);
  void clear_progress();

  /// May a model be opened on any thread?
  bool opens_anywhere(const std::string& model) const;

  /// A file, or whatever else can be opened. Throws Error.
  Trace open_model(const std::string& model) const;

  /// A saved report, or else a model, counted. Throws Error.
  Report open_report(const std::string& model) const;

  /// One of two that are compared: --input and the like are for those of the two that take them. Throws Error.
  Report open_side(const std::string& model, const std::string& other) const;

  /// With the model's name as heading where there are several.
  RenderOptions render_options(const std::string& model) const;
};

/// Has `work` make something of each model, several at once, and hands that to `then` in the order of the command line.
/// Complains where `work` throws Error.
template <typename Work, typename Then>
void for_each_model(Session& session, Work work, Then then) {
  using Result = std::invoke_result_t<Work, const std::string&>;
  const std::vector<std::string>& models = session.options.models;
  session.several = models.size() > 1;
  std::vector<std::optional<Result>> results(models.size());
  std::vector<std::optional<Error>> errors(models.size());
  const auto try_work = [&](std::size_t i) {
    try {
      results[i] = work(models[i]);
    } catch (const Error& error) {
      errors[i] = error;
    }
  };
  const auto take = [&](std::size_t i) {
    if (errors[i]) return session.fail(models[i], *errors[i]);
    session.clear_progress();
    then(models[i], std::move(*results[i]));
    results[i].reset();
  };
  run_jobs({models.size(), session.several ? session.options.jobs : 0,
            [&](std::size_t i) { return session.opens_anywhere(models[i]); }, try_work, take,
            [&](std::size_t i, std::size_t done) { session.show_progress(i, done); }});
  session.end();
}

/// Throws Error where there are several models and texts of them cannot stand in one output.
void require_one(const Session& session);

/// Shows what `text_of` makes of each model, and calls `then` after that; complains where `text_of` throws Error.
template <typename TextOf, typename Then>
void show_each(Session& session, TextOf text_of, Then then) {
  require_one(session);
  for_each_model(session, text_of, [&](const std::string& model, const std::string& text) {
    session.show(text);
    then(model);
  });
}

}  // namespace thoplw::cli
