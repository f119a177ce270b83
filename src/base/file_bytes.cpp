// Reads a file piece by piece into memory that is set aside for all of it. It is not mapped: whoever cuts a mapped file
// short ends the process that reads it, and that may be a Python session with hours of work in it.
#include "base/file_bytes.h"

#include <algorithm>

#include "base/error.h"
#include "base/system/file.h"

namespace thoplw {
namespace {

constexpr std::size_t kBlock = 4096;

}  // namespace

FileBytes::FileBytes(const std::string& path) : path_(path) {
  try {
    const system::Input input = system::open_input(path);
    file_ = input.file;
    if (!input.regular)
      throw Error((input.folder ? "a folder" : "not a regular file") + std::string("; name a model file"));
    if (input.size == 0) throw Error("the file is empty");
    const auto size = static_cast<std::size_t>(input.size);
    bytes_ = {system::reserve(size), size};
    blocks_.resize((size - 1) / kBlock + 1, false);
  } catch (const Error& error) {
    system::close_input(file_);
    throw Error(path + ": " + error.what());
  }
}

FileBytes::~FileBytes() {
  system::release(const_cast<char*>(bytes_.data()), bytes_.size());
  system::close_input(file_);
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
  char* bytes = const_cast<char*>(bytes_.data());
  system::give_memory(bytes + begin, end - begin);
  while (begin < end) {
    const std::size_t count = system::read_at(file_, begin, bytes + begin, end - begin);
    if (count == 0) throw Error("the file was cut short while it was read; try again");
    begin += count;
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
