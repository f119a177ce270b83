// The native command: opens model files; models that are Python code need the Python package.
#include <iostream>

#include "base/system/process.h"
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

}  // namespace

int main(int argc, char** argv) {
  namespace system = thoplw::system;
  using thoplw::cli::screen_of_terminal;
  const std::vector<std::string> arguments = system::begin_command(argc, argv);
  std::ios::sync_with_stdio(false);
  thoplw::cli::Terminal terminal{std::cout, std::cerr, system::is_terminal(system::kErrors)};
  if (system::is_terminal(system::kOutput)) terminal.screen = screen_of_terminal(system::kOutput);
  if (terminal.err_is_terminal) terminal.err_columns = screen_of_terminal(system::kErrors).columns;
  return thoplw::cli::run(arguments, refuse, terminal);
}
