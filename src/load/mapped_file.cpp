// Maps a file read-only, and tells the kernel not to read ahead: weights lie between what is of interest.
#include "load/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "trace/error.h"

namespace thoplw {

MappedFile::MappedFile(const std::string& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat about {};
  if (file < 0 || fstat(file, &about) != 0) {
    const std::string why = std::strerror(errno);
    if (file >= 0) close(file);
    throw Error(path + ": " + why);
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  if (!S_ISREG(about.st_mode)) {
    close(file);
    throw Error(path + ": " + (S_ISDIR(about.st_mode) ? "a folder" : "no regular file") + "; name a model file");
  }
  if (size == 0) {
    close(file);
    throw Error(path + ": the file is empty");
  }
  void* start = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file, 0);
  const std::string why = std::strerror(errno);
  close(file);
  if (start == MAP_FAILED) throw Error(path + ": " + why);
  madvise(start, size, MADV_RANDOM);
  bytes_ = {static_cast<const char*>(start), size};
}

void MappedFile::forget() const { madvise(const_cast<char*>(bytes_.data()), bytes_.size(), MADV_DONTNEED); }

MappedFile::~MappedFile() { munmap(const_cast<char*>(bytes_.data()), bytes_.size()); }

}  // namespace thoplw
