// Runs the command that the arguments name.
#include <new>
#include <sstream>
#include <stdexcept>

#include "base/formatted.h"
#include "base/harmless.h"
#include "cli/cli.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/help.h"
#include "cli/piped.h"
#include "cli/session.h"
#include "cli/workers.h"

namespace thoplw::cli {
namespace {

std::string help_for(const Options& options, const Terminal& terminal) {
  const bool of_all = options.command->word.empty() && options.models.empty();
  return of_all ? help(terminal.screen.columns) : help_of(*options.command, terminal.screen.columns);
}

std::string version_text(const Terminal& terminal) {
  std::string text = formatted("thoplw {}\nbuilt by {}\n", version(), compiler());
  if (terminal.about) text += harmless(terminal.about()) + "\n";
  return text;
}

int run_checked(const std::vector<std::string>& args, const Opener& open, Terminal terminal, const ManyModels& many,
                const PythonParts& python) {
  Options options = parse_args(args);
  if (options.help || options.version) {
    terminal.out << (options.help ? help_for(options, terminal) : version_text(terminal));
    flush(terminal.out);
    return kOk;
  }
  if (!options.cache && python.cache.avoid) python.cache.avoid();
  const Piped piped(options.models);
  const Opener elsewhere = open_elsewhere(options, many);
  std::ostringstream file;
  Session session{options, open, elsewhere, terminal, options.file.empty() ? terminal.out : file};
  session.python = python;
  try {
    options.command->run(session);
  } catch (const ReaderGone&) {
    return session.code;
  }
  if (!options.file.empty() && session.shown > 0) write_file(options.file, file.str());
  return session.code;
}

}  // namespace

int run(const std::vector<std::string>& args, const Opener& open, Terminal terminal, const ManyModels& many,
        const PythonParts& python) {
  try {
    return run_checked(args, open, terminal, many, python);
  } catch (const ReaderGone&) {
    return kOk;
  } catch (const Error& error) {
    terminal.err << "thoplw: " << harmless_message(error.what()) << "\n";
  } catch (const std::bad_alloc&) {
    terminal.err << "thoplw: more memory is needed than there is\n";
  } catch (const std::length_error&) {
    terminal.err << "thoplw: more memory is needed than there can be\n";
  }
  return kFailed;
}

}  // namespace thoplw::cli
