// Asks the environment and the terminal.
#include "cli/screen.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <string_view>

namespace thoplw::cli {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value ? value : "";
}

int columns_of(int descriptor) {
  constexpr int kUsual = 80;
  if (const int columns = std::atoi(std::string(variable("COLUMNS")).c_str()); columns > 0) return columns;
  winsize size{};
  const bool known = descriptor >= 0 && ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
  return known ? size.ws_col : kUsual;
}

}  // namespace

Screen screen_of_terminal(int descriptor) {
  return {columns_of(descriptor), variable("NO_COLOR").empty() && variable("TERM") != "dumb"};
}

}  // namespace thoplw::cli
