// Windows, by its C runtime where that has the call.
#include <fcntl.h>
#include <io.h>
#include <share.h>
#include <sys/stat.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <random>

#include "base/error.h"
#include "base/path.h"
#include "base/system/file.h"
#include "base/system/windows.h"

namespace thoplw::system {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMostAtOnce = 1 << 30;  // the runtime takes sizes of 32 bits
constexpr int kWritable = 2;                  // of _waccess

std::error_code code_of(int error) { return {error, std::generic_category()}; }

[[noreturn]] void fail(std::error_code error = code_of(errno)) { throw Error(error.message()); }

std::error_code last_error() { return {static_cast<int>(GetLastError()), std::system_category()}; }

/// The number of the file, or -1.
int open_file(const fs::path& path, int flags) {
  int file = -1;
  errno = _wsopen_s(&file, path.c_str(), flags | _O_BINARY | _O_NOINHERIT, _SH_DENYNO, _S_IREAD | _S_IWRITE);
  return file;
}

std::error_code write_and_close(int file, std::string_view text) {
  std::error_code error;
  while (!text.empty() && !error) {
    const int written = _write(file, text.data(), static_cast<unsigned>(std::min(text.size(), kMostAtOnce)));
    if (written < 0) error = code_of(errno);
    text.remove_prefix(static_cast<std::size_t>(std::max(written, 0)));
  }
  if (_close(file) != 0 && !error) error = code_of(errno);
  return error;
}

std::error_code write_in_place(const fs::path& path, std::string_view text) {
  const int file = open_file(path, _O_WRONLY | _O_CREAT | _O_TRUNC);
  return file == -1 ? code_of(errno) : write_and_close(file, text);
}

/// The file of this name becomes `path`, which keeps its permissions where it is there.
bool take_place(const fs::path& fresh, const fs::path& path, bool is_there) {
  if (is_there) return ReplaceFileW(path.c_str(), fresh.c_str(), nullptr, 0, nullptr, nullptr) != 0;
  return MoveFileExW(fresh.c_str(), path.c_str(), 0) != 0;
}

std::error_code replace(const fs::path& path, bool is_there, std::string_view text) {
  static std::atomic<unsigned> names = 0;
  const std::string name = ".thoplw-" + std::to_string(GetCurrentProcessId()) + "-" + std::to_string(names++);
  const fs::path fresh = path.parent_path() / name;
  const int file = open_file(fresh, _O_WRONLY | _O_CREAT | _O_EXCL);
  if (file == -1) return write_in_place(path, text);  // a folder that takes no new files, or none at all
  const std::error_code error = write_and_close(file, text);
  if (!error && take_place(fresh, path, is_there)) return {};
  std::error_code ignored;
  fs::remove(fresh, ignored);
  return error ? error : write_in_place(path, text);
}

}  // namespace

Input open_input(const std::string& text) {
  const fs::path path = to_path(text);
  std::error_code ignored;
  if (fs::is_directory(path, ignored)) return {-1, false, true, 0};  // the runtime opens none
  const int file = open_file(path, _O_RDONLY);
  if (file == -1) fail();
  struct _stat64 about {};
  if (_fstat64(file, &about) != 0) {
    const std::error_code error = code_of(errno);
    _close(file);
    fail(error);
  }
  return {file, (about.st_mode & _S_IFMT) == _S_IFREG, false, static_cast<std::uint64_t>(about.st_size)};
}

std::size_t read_at(int file, std::uint64_t offset, char* bytes, std::size_t size) {
  if (_lseeki64(file, static_cast<std::int64_t>(offset), SEEK_SET) < 0) fail();
  const int count = _read(file, bytes, static_cast<unsigned>(std::min(size, kMostAtOnce)));
  if (count < 0) fail();
  return static_cast<std::size_t>(count);
}

void close_input(int file) {
  if (file != -1) _close(file);
}

char* reserve(std::size_t size) {
  void* start = VirtualAlloc(nullptr, size, MEM_RESERVE, PAGE_READWRITE);
  if (!start) fail(last_error());
  return static_cast<char*>(start);
}

void give_memory(char* part, std::size_t size) {
  if (!VirtualAlloc(part, size, MEM_COMMIT, PAGE_READWRITE)) fail(last_error());
}

void release(char* start, std::size_t) { VirtualFree(start, 0, MEM_RELEASE); }

std::error_code write_file(const std::string& text_of_path, std::string_view text) {
  const fs::path path = to_path(text_of_path);
  std::error_code ignored;
  const fs::file_status old = fs::symlink_status(path, ignored);
  if (!fs::exists(old)) return replace(path, false, text);
  if (!fs::is_regular_file(old)) return write_in_place(path, text);  // a device, or a link, which stays one
  if (_waccess(path.c_str(), kWritable) != 0) return code_of(errno);
  return replace(path, true, text);
}

std::string new_folder(const std::string& prefix) {
  std::random_device random;
  while (true) {  // a user's folder for temporary files is closed to others
    const fs::path path = fs::temp_directory_path() / (prefix + std::to_string(random()));
    if (fs::create_directory(path)) return to_text(path);
  }
}

}  // namespace thoplw::system
