// The native command: opens model files; models that are Python code need the Python package.
#include <fcntl.h>
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
                      "pip install DIR, where DIR is a checkout of thoplw, and use the command that comes with it");
}

/// Takes the numbers of standard streams that are closed, or a file that is opened later would get what they print.
void hold_closed_streams() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (fcntl(number, F_GETFD) == -1) open("/dev/null", O_RDONLY);  // the lowest number that is free; no write succeeds
  }
}

}  // namespace

int main(int argc, char** argv) {
  hold_closed_streams();
  std::ios::sync_with_stdio(false);
  std::signal(SIGPIPE, SIG_IGN);  // a reader that leaves is seen as a failed write
  thoplw::cli::Terminal terminal{std::cout, std::cerr, isatty(STDERR_FILENO) == 1};
  if (isatty(STDOUT_FILENO) == 1) terminal.screen = thoplw::cli::screen_of_terminal(STDOUT_FILENO);
  if (terminal.err_is_terminal) terminal.err_columns = thoplw::cli::screen_of_terminal(STDERR_FILENO).columns;
  return thoplw::cli::run({argv + 1, argv + argc}, refuse, terminal);
}
