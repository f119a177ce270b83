// Writes a whole file or says why not. It is written under another name first: who fails leaves the old one as it was.
#include "render/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string_view>

#include "base/error.h"

namespace thoplw {
namespace {

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

void write_file(const std::string& path, const std::string& text) {
  if (const int error = write_whole(path, text); error != 0) {
    throw Error("cannot write '" + path + "': " + std::strerror(error));
  }
}

}  // namespace thoplw
