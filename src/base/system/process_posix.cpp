// Linux, macOS and their like.
#include <fcntl.h>
#ifdef __linux__
#include <sched.h>
#endif
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif

#include <algorithm>
#include <clocale>
#include <csignal>
#include <thread>

#include "base/system/process.h"

namespace thoplw::system {

int process_id() { return getpid(); }

std::size_t usable_cores() {
#ifdef __linux__
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) == 0) return static_cast<std::size_t>(CPU_COUNT(&allowed));
#endif
  return std::max(1U, std::thread::hardware_concurrency());
}

std::vector<std::string> begin_command(int argc, char** argv) {
  for (const int stream : {kInput, kOutput, kErrors}) {
    // A file that is opened later would take the number of a stream that is closed, and get what is printed. This takes
    // it first: the lowest number that is free, to which no write succeeds.
    if (fcntl(stream, F_GETFD) == -1) open("/dev/null", O_RDONLY);
  }
  std::signal(SIGPIPE, SIG_IGN);
  return {argv + 1, argv + argc};
}

void carry_bytes(Stream) {}

bool is_terminal(int descriptor) { return isatty(descriptor) == 1; }

TerminalSize terminal_size(int descriptor) {
  winsize size{};
  if (descriptor < 0 || ioctl(descriptor, TIOCGWINSZ, &size) != 0) return {};
  return {size.ws_col, size.ws_row};
}

bool enable_escapes(int) { return true; }

double to_real(const char* text, char** end) {
  static const locale_t c_locale = newlocale(LC_ALL_MASK, "C", nullptr);
  return strtod_l(text, end, c_locale);
}

}  // namespace thoplw::system
