// Reads a file piece by piece into memory that is set aside for all of it. It is not mapped: whoever cuts a mapped file
// short ends the process that reads it, and that may be a Python session with hours of work in it.
#include "base/file_bytes.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace thoplw {
namespace {

constexpr std::size_t kBlock = 4096;

}  // namespace

FileBytes::FileBytes(const std::string& path) : path_(path) {
  // Without O_NONBLOCK, opening a pipe waits for whoever writes to it.
  file_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
  const auto fail = [&](const std::string& why) {
    if (file_ >= 0) close(file_);
    throw Error(path + ": " + why);
  };
  struct stat about {};
  if (file_ < 0 || fstat(file_, &about) != 0) fail(std::strerror(errno));
  if (!S_ISREG(about.st_mode)) {
    fail(std::string(S_ISDIR(about.st_mode) ? "a folder" : "not a regular file") + "; name a model file");
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  if (size == 0) fail("the file is empty");
  void* start = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (start == MAP_FAILED) fail(std::strerror(errno));
  madvise(start, size, MADV_NOHUGEPAGE);  // a block would take 2 MB
  bytes_ = {static_cast<const char*>(start), size};
  blocks_.resize((size - 1) / kBlock + 1, false);
}

FileBytes::~FileBytes() {
  munmap(const_cast<char*>(bytes_.data()), bytes_.size());
  close(file_);
}

void FileBytes::need(std::string_view part) {
  if (part.empty()) return;
  const auto begin = static_cast<std::size_t>(part.data() - bytes_.data());
  const std::size_t last = (begin + part.size() - 1) / kBlock;
  for (std::size_t block = begin / kBlock; block <= last; ++block) {
    if (blocks_[block]) continue;
    const std::size_t from = block;
    while (block <= last && !blocks_[block]) blocks_[block++] = true;
    read(from * kBlock, std::min(block * kBlock, bytes_.size()));
  }
}

void FileBytes::read(std::size_t begin, std::size_t end) {
  while (begin < end) {
    const ssize_t count =
        pread(file_, const_cast<char*>(bytes_.data()) + begin, end - begin, static_cast<off_t>(begin));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) throw Error(std::strerror(errno));
    if (count == 0) throw Error("the file was cut short while it was read; try again");
    begin += static_cast<std::size_t>(count);
  }
}

std::string_view FileBytes::all() {
  try {
    need(bytes_);
  } catch (const Error& error) {
    throw Error(path_ + ": " + error.what());
  }
  return bytes_;
}

}  // namespace thoplw
