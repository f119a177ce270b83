// The native command: opens model files; models that are Python code need the Python package.
#include <unistd.h>
#include <csignal>
#include <iostream>

#include "cli/cli.h"
#include "cli/screen.h"

namespace {

thoplw::Trace refuse(const thoplw::cli::ModelRequest& request) {
  if (request.model.find(':') == std::string::npos) {
    std::string suffixes;
    for (const thoplw::Format& format : thoplw::formats()) suffixes += " " + std::string(format.suffix);
    throw thoplw::Error(request.model + ": no model file; known are" + suffixes + ", and .json of saved reports");
  }
  throw thoplw::Error(request.model + ": this command reads model files; for models that are Python code run " +
                      "pip install thoplw, and use the command that comes with it");
}

}  // namespace

int main(int argc, char** argv) {
  std::ios::sync_with_stdio(false);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is seen as a failed write
  thoplw::cli::Terminal terminal{std::cout, std::cerr, isatty(STDERR_FILENO) == 1};
  if (isatty(STDOUT_FILENO) == 1) terminal.screen = thoplw::cli::screen_of_terminal(STDOUT_FILENO);
  if (terminal.err_is_terminal) terminal.err_columns = thoplw::cli::screen_of_terminal(STDERR_FILENO).columns;
  return thoplw::cli::run({argv + 1, argv + argc}, refuse, terminal);
}
