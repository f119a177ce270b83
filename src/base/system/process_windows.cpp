// Windows: its consoles, and arguments in UTF-16.
#include <fcntl.h>
#include <io.h>

#include <algorithm>
#include <clocale>
#include <cstdlib>
#include <thread>

#include "base/path.h"
#include "base/system/process.h"
#include "base/system/windows.h"
// After windows.h.
#include <shellapi.h>

namespace thoplw::system {
namespace {

HANDLE handle_of(int descriptor) {
  return descriptor < 0 ? INVALID_HANDLE_VALUE : reinterpret_cast<HANDLE>(_get_osfhandle(descriptor));
}

/// Has consoles read what is written as UTF-8, until this process ends.
void write_utf8() {
  static const UINT before = GetConsoleOutputCP();
  if (before == 0 || before == CP_UTF8 || SetConsoleOutputCP(CP_UTF8) == 0) return;
  std::atexit([] { SetConsoleOutputCP(before); });
}

}  // namespace

int process_id() { return static_cast<int>(GetCurrentProcessId()); }

std::size_t usable_cores() { return std::max(1U, std::thread::hardware_concurrency()); }

std::vector<std::string> begin_command(int, char**) {
  for (const Stream stream : {kOutput, kErrors}) carry_bytes(stream);  // a line ends in \n alone
  write_utf8();
  int count = 0;
  wchar_t** words = CommandLineToArgvW(GetCommandLineW(), &count);
  std::vector<std::string> arguments;
  for (int i = 1; i < count; ++i) arguments.push_back(to_text(std::filesystem::path(words[i])));
  LocalFree(words);
  return arguments;
}

void carry_bytes(Stream stream) { _setmode(stream, _O_BINARY); }

// _isatty() takes every device for one, such as NUL.
bool is_terminal(int descriptor) {
  DWORD mode = 0;
  return GetConsoleMode(handle_of(descriptor), &mode) != 0;
}

TerminalSize terminal_size(int descriptor) {
  CONSOLE_SCREEN_BUFFER_INFO about{};
  if (GetConsoleScreenBufferInfo(handle_of(descriptor), &about) == 0) return {};
  return {about.srWindow.Right - about.srWindow.Left + 1, about.srWindow.Bottom - about.srWindow.Top + 1};
}

bool enable_escapes(int descriptor) {
  DWORD mode = 0;
  const HANDLE console = handle_of(descriptor);
  return GetConsoleMode(console, &mode) != 0 && SetConsoleMode(console, mode | ENABLE_VIRTUAL_TERMINAL_PROCESSING) != 0;
}

double to_real(const char* text, char** end) {
  static const _locale_t c_locale = _create_locale(LC_ALL, "C");
  return _strtod_l(text, end, c_locale);
}

}  // namespace thoplw::system
