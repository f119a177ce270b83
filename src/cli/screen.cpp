// Asks the environment and the terminal.
#include "cli/screen.h"

#include <cstdlib>
#include <string>
#include <string_view>

#include "base/system/process.h"

namespace thoplw::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

/// What the variable says, else what the terminal does, else a usual size.
int size_of(const char* name, int told, int usual) {
  if (const int size = std::atoi(std::string(variable(name)).c_str()); size > 0) return size;
  return told > 0 ? told : usual;
}

}  // namespace

Screen screen_of_terminal(int descriptor) {
  const system::TerminalSize size = system::terminal_size(descriptor);
  const bool escapes = system::enable_escapes(descriptor);
  return {size_of("COLUMNS", size.columns, 80), size_of("LINES", size.lines, 0),
          escapes && variable("NO_COLOR").empty() && variable("TERM") != "dumb"};
}

}  // namespace thoplw::cli
