// Linux, macOS and their like.
#include <fcntl.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>

#include "base/error.h"
#include "base/system/file.h"

namespace thoplw::system {
namespace {

std::error_code code_of(int error) { return {error, std::generic_category()}; }

[[noreturn]] void fail(int error = errno) { throw Error(code_of(error).message()); }

/// 0, or the system's number of what went wrong.
int write_and_close(int file, std::string_view text) {
  int error = 0;
  while (!text.empty() && error == 0) {
    const ssize_t written = write(file, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno != EINTR) {
      error = errno;
    }
  }
  if (close(file) != 0 && error == 0) error = errno;
  return error;
}

int write_in_place(const std::string& path, std::string_view text) {
  const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  return file == -1 ? errno : write_and_close(file, text);
}

/// In the same folder, so that it can be renamed; of a length that does not depend on the name.
std::string new_name_beside(const std::string& path) {
  static std::atomic<unsigned> names = 0;
  const std::string name = ".thoplw-" + std::to_string(getpid()) + "-" + std::to_string(names++);
  return (std::filesystem::path(path).parent_path() / name).string();
}

/// Takes the place of `old`, where there is one, with its owner and permissions.
int replace(const std::string& path, const struct stat* old, std::string_view text) {
  const std::string fresh = new_name_beside(path);
  const int file = open(fresh.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
  if (file == -1) return write_in_place(path, text);  // a folder that takes no new files, or none at all
  const bool as_before = !old || (fchown(file, old->st_uid, old->st_gid) == 0 && fchmod(file, old->st_mode) == 0);
  if (!as_before) {
    close(file);
    unlink(fresh.c_str());
    return write_in_place(path, text);
  }
  const int error = write_and_close(file, text);
  if (error == 0 && std::rename(fresh.c_str(), path.c_str()) == 0) return 0;
  unlink(fresh.c_str());
  return error != 0 ? error : write_in_place(path, text);  // a file that is mounted by itself cannot be replaced
}

int write_whole(const std::string& path, std::string_view text) {
  struct stat old {};
  if (lstat(path.c_str(), &old) != 0) return replace(path, nullptr, text);
  if (!S_ISREG(old.st_mode)) return write_in_place(path, text);  // a device, a pipe, or a link, which stays one
  if (access(path.c_str(), W_OK) != 0) return errno;
  return replace(path, &old, text);
}

}  // namespace

Input open_input(const std::string& path) {
  // Without O_NONBLOCK, opening a pipe waits for whoever writes to it.
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  if (file == -1) fail();
  struct stat about {};
  if (fstat(file, &about) != 0) {
    const int error = errno;
    close(file);
    fail(error);
  }
  return {file, S_ISREG(about.st_mode), S_ISDIR(about.st_mode), static_cast<std::uint64_t>(about.st_size)};
}

std::size_t read_at(int file, std::uint64_t offset, char* bytes, std::size_t size) {
  while (true) {
    const ssize_t count = pread(file, bytes, size, static_cast<off_t>(offset));
    if (count >= 0) return static_cast<std::size_t>(count);
    if (errno != EINTR) fail();
  }
}

void close_input(int file) {
  if (file != -1) close(file);
}

char* reserve(std::size_t size) {
#ifdef MAP_NORESERVE
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
#else
  constexpr int kFlags = MAP_PRIVATE | MAP_ANONYMOUS;
#endif
  void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, kFlags, -1, 0);
  if (start == MAP_FAILED) fail();
#ifdef MADV_NOHUGEPAGE
  madvise(start, size, MADV_NOHUGEPAGE);  // a block would take 2 MB
#endif
  return static_cast<char*>(start);
}

void give_memory(char*, std::size_t) {}  // pages come when they are touched

void release(char* start, std::size_t size) { munmap(start, size); }

std::error_code write_file(const std::string& path, std::string_view text) { return code_of(write_whole(path, text)); }

std::string new_folder(const std::string& prefix) {
  std::string path = (std::filesystem::temp_directory_path() / (prefix + "XXXXXX")).string();
  if (!mkdtemp(path.data())) fail();
  return path;
}

}  // namespace thoplw::system
