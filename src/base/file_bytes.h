// A file as bytes in memory. Only those that are asked for are read.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace thoplw {

/// Called with a part of a file's bytes before they are looked at.
using Need = std::function<void(std::string_view part)>;

class FileBytes {
 public:
  /// Throws Error("<path>: why") if it cannot be opened or is not a regular file: a pipe would keep us waiting.
  explicit FileBytes(const std::string& path);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  /// All bytes in their places. Those that need() was not called for are not to be looked at.
  std::string_view bytes() const { return bytes_; }
  /// Reads those bytes of `part` that were not read yet; `part` is in bytes(). Throws Error if the file became shorter.
  void need(std::string_view part);
  /// bytes(), after all were read.
  std::string_view all();

 private:
  void read(std::size_t begin, std::size_t end);

  std::string path_;
  int file_ = -1;
  std::string_view bytes_;
  std::vector<bool> blocks_;  ///< those that are there
};

}  // namespace thoplw
