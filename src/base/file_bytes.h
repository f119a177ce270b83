// A file as bytes in memory, of which only those that are asked for are read.
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
  /// Throws Error("<path>: why") where it cannot be opened or is no regular file: a pipe would keep us waiting.
  explicit FileBytes(const std::string& path);
  ~FileBytes();
  FileBytes(const FileBytes&) = delete;
  FileBytes& operator=(const FileBytes&) = delete;

  /// All of them in their places, zeros until need() was called for them.
  std::string_view bytes() const { return bytes_; }
  /// Reads what is not there yet of `part`, which lies in bytes(). Throws Error where the file was cut short meanwhile.
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
